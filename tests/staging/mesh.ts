import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { DuckDBInstance } from "@duckdb/node-api";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import { run as runOrchestration } from "../../services/orchestration/run.ts";
import { parseConfig } from "../../services/staging/config.ts";
import { run } from "../../services/staging/run.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { type RunningService, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { readParquet } from "../orchestration/extracts.ts";
import { type ForeignDatabase, readerPassword } from "../orchestration/foreign-database.ts";
import { configOf } from "../orchestration/orchestration.ts";
import { readSigned, startStorageIn, upload } from "../storage/fixtures.ts";
import { startPeers } from "./peers.ts";
import { environmentOf, type Staging, type User, userOf } from "./staging.ts";

export type Mesh = Staging & { orchestration: RunningService };

/** Staging with the real storage and the real orchestration. Identity is a fake server. */
export async function startMesh(env: Record<string, string> = {}): Promise<Mesh> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const folder = stack.use(await temporaryFolder());
  const storage = stack.use(await startStorageIn(database, join(folder.path, "storage")));
  const peers = stack.use(await startPeers());
  const orchestration = stack.use(
    await startService(
      runOrchestration,
      configOf(
        {
          databaseUrl: database.urls.orchestration,
          folder: join(folder.path, "orchestration"),
          peers: peers as never,
        },
        { STORAGE_ADDRESS: storage.address },
      ),
    ),
  );
  const addresses = { peers: peers.address, storage: storage.address, orchestration: orchestration.address };
  const environment = environmentOf(database, addresses, env);
  const config = parseConfig(environment);
  const service = stack.use(await startService(run, config));
  const owned = stack.move();
  return {
    database,
    peers,
    storage,
    lentDirectory: join(folder.path, "storage", "lent"),
    orchestration,
    service,
    config,
    environment,
    user: (overrides) => userOf(service, storage, overrides),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Registers and discovers a source. Returns it with its tables. */
async function discovered({ orchestration }: Mesh, { who }: User, connector: string, settings: JsonObject) {
  const displayName = `${connector} ${crypto.randomUUID()}`;
  const { source } = await orchestration
    .client(SourceService, who)
    .createSource({ source: { displayName, connector, settings } });
  const sourceId = source?.sourceId ?? "";
  const { added } = await orchestration.client(CatalogService, who).discover({ sourceId });
  return { sourceId, tables: added };
}

/** A source on a file that the user has uploaded. */
export async function fileSource(mesh: Mesh, user: User, name: string, content: string | Uint8Array) {
  const { fileId } = await upload(mesh.storage, user.who, { name, content });
  return discovered(mesh, user, "file", { fileId });
}

/** A source on a database whose tables are readable by all roles. */
export function databaseSource(mesh: Mesh, user: User, { settings }: ForeignDatabase) {
  mesh.peers.secrets.set("reader-password", readerPassword);
  return discovered(mesh, user, "postgresql", settings);
}

/** A job's chunks by their signed URLs. */
async function readChunks({ storage }: Mesh, { jobs }: User, jobId: string): Promise<Buffer[]> {
  const { chunks } = await jobs.listChunks({ jobId, pageSize: 1000 });
  const read = [];
  for (const { url } of chunks) read.push((await readSigned(storage, { url })).bytes);
  return read;
}

/** The rows of a job's chunks, read by a Parquet reader that is not the writer. */
export async function readRows(mesh: Mesh, user: User, jobId: string): Promise<Record<string, unknown>[]> {
  const chunks = await readChunks(mesh, user, jobId);
  return (await Promise.all(chunks.map(readParquet))).flat();
}

/** Runs a statement in DuckDB over a job's chunks, which are the view `chunks`. */
export async function queryChunks(mesh: Mesh, user: User, jobId: string, sql: string): Promise<unknown[]> {
  await using folder = await temporaryFolder();
  for (const [index, bytes] of (await readChunks(mesh, user, jobId)).entries()) {
    await writeFile(join(folder.path, `${index}.parquet`), bytes);
  }
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    await connection.run(`create view chunks as from read_parquet('${folder.path}/*.parquet')`);
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
