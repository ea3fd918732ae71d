import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { type FileFormat, JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type Mesh, startMesh } from "../staging/mesh.ts";
import { ended, type User } from "../staging/staging.ts";
import { readSigned, upload } from "../storage/fixtures.ts";
import type { Plain } from "./canonical.ts";
import type { ReadTable } from "./keeps.ts";

/** A mesh of storage, orchestration and staging, with one user. */
export type World = AsyncDisposable & { readonly mesh: Mesh; readonly user: User };

export async function startWorld(): Promise<World> {
  const mesh = await startMesh();
  return { mesh, user: mesh.user(), [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
}

/** Table name of every file source. */
const tableName = "t";

type Content = { readonly name: string; readonly content: Uint8Array; readonly settings: JsonObject };

/** Uploads a file and creates a source on it. */
export async function createSource(
  { mesh, user }: World,
  { name, content, settings }: Content,
): Promise<string> {
  const { fileId } = await upload(mesh.storage, user.who, { name, content });
  const displayName = `${name} ${crypto.randomUUID()}`;
  const { source } = await mesh.orchestration.client(SourceService, user.who).createSource({
    source: { displayName, connector: "file", settings: { fileId, tableName, ...settings } },
  });
  return source?.sourceId ?? "";
}

/** Types whose values are returned as the text of the source. */
const textType = /^(VARCHAR|ENUM\(.*|text|character varying.*)$/s;

/** Limit of rows for reading a whole table; of longer tables only the last rows are read. */
const wholeRowsMax = 1000;
const lastRows = 10;

/** Queries all rows of a file's table; of a long one only the last rows, which follow empty placeholder rows. */
export async function queryAll(world: World, sourceId: string): Promise<ReadTable> {
  const whole = await query(world, sourceId, `SELECT * FROM ${tableName}`);
  if (!whole.truncated) return whole;
  const { rows } = await query(world, sourceId, `SELECT count(*) FROM ${tableName}`);
  const skipped = Number(rows[0]?.[0]) - lastRows;
  const last = await query(world, sourceId, `SELECT * FROM ${tableName} OFFSET ${skipped}`);
  return { ...last, rows: [...Array.from({ length: skipped }, () => []), ...last.rows] };
}

export async function query({ mesh, user }: World, sourceId: string, sql: string) {
  const executions = mesh.orchestration.client(ExecutionService, user.who);
  const timeout = { seconds: 300n };
  const answer = await executions.executeQuery({ sourceId, sql, maxRows: wholeRowsMax, timeout });
  const { columns, rows, truncated } = answer;
  return {
    columns: columns.map(({ name, dataType }) => ({ name, type: dataType, isText: textType.test(dataType) })),
    rows: rows.map((row) => toJson(ListValueSchema, row) as Plain[]),
    truncated,
  };
}

/** Stages all tables of a source and returns the files of the job. */
export async function stage({ mesh, user }: World, sourceId: string, format: FileFormat): Promise<Buffer[]> {
  const catalog = mesh.orchestration.client(CatalogService, user.who);
  await catalog.discover({ sourceId });
  const { tables: listed } = await catalog.listTables({ sourceId, pageSize: 1000 });
  const tables = listed.map(({ schemaName, name }) => (schemaName ? `${schemaName}.${name}` : name));
  const { job } = await user.jobs.createJob({ job: { sourceId, tables, format } });
  const last = await ended(user, job?.jobId ?? "");
  if (last.state !== JobState.SUCCEEDED) throw new Error(`the job ended: ${last.errorMessage}`);
  const { chunks } = await user.jobs.listChunks({ jobId: last.jobId, pageSize: 1000 });
  return Promise.all(chunks.map(async ({ url }) => (await readSigned(mesh.storage, { url })).bytes));
}

/** The refusal of a call; undefined for other errors. */
export function refusalOf(error: unknown): { code: number; reason: string; message: string } | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? "", message: error.rawMessage };
}
