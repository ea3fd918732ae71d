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

/** Storage, orchestration and staging, and one user of them. */
export type World = AsyncDisposable & { readonly mesh: Mesh; readonly user: User };

export async function startWorld(): Promise<World> {
  const mesh = await startMesh();
  return { mesh, user: mesh.user(), [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
}

/** The table's name in every source on a file. */
const tableName = "t";

type Content = { readonly name: string; readonly content: Uint8Array; readonly settings: JsonObject };

/** A source on a file that is uploaded for it. */
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

/** Types that are given as the text of the source. */
const textType = /^(VARCHAR|ENUM\(.*|text|character varying.*)$/s;

/** Rows of a table that are read whole; of a longer one only the last ones. */
const wholeRowsMax = 1000;
const lastRows = 10;

/** All rows of a file's table as a query answers them; of a long one its last rows, below rows of nothing. */
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

/** Stages all tables of a source, and answers the job's files. */
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

/** What a call was refused with; undefined for what is no refusal of the mesh. */
export function refusalOf(error: unknown): { code: number; reason: string; message: string } | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const [info] = error.findDetails(ErrorInfoSchema);
  return { code: error.code, reason: info?.reason ?? "", message: error.rawMessage };
}
