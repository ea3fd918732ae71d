import type { Readable } from "node:stream";
import { post } from "./http-load.ts";
import type { Mesh } from "./world.ts";

// Calls of the rows, over REST as by a user.

/** Stores a file. Returns its id. */
export async function storeFile(
  mesh: Mesh<unknown>,
  name: string,
  content: Readable,
  sizeBytes: number,
): Promise<string> {
  await post(mesh.target(`/api/v1/storage/files?name=${name}`), content, sizeBytes);
  type Files = { files: { fileId: string }[] };
  const { files } = await mesh.call<Files>("GET", `/api/v1/storage/files?prefix=${name}`);
  const file = files[0];
  if (!file) throw new Error(`${name} was not stored`);
  return file.fileId;
}

export const deleteFile = (mesh: Mesh<unknown>, fileId: string): Promise<unknown> =>
  mesh.call("DELETE", `/api/v1/storage/files/${fileId}`);

let sources = 0;

/** Registers and discovers a source. Returns its id. */
export async function createSource(
  mesh: Mesh<unknown>,
  connector: string,
  settings: object,
): Promise<string> {
  sources++;
  const { source } = await mesh.call<{ source: { sourceId: string } }>("POST", "/api/v1/sources", {
    source: { displayName: `bench ${sources}`, connector, settings },
  });
  await mesh.call("POST", "/api/v1/catalog:discover", { sourceId: source.sourceId });
  return source.sourceId;
}

/** Registers and discovers a PostgreSQL database by its URL. Returns the source's id. */
export async function createPostgresqlSource(mesh: Mesh<unknown>, databaseUrl: string): Promise<string> {
  const { username, password, hostname, port, pathname } = new URL(databaseUrl);
  await mesh.call("PUT", "/api/v1/secrets/bench", {
    value: decodeURIComponent(password),
    destinations: [{ connector: "postgresql", host: hostname, port: Number(port) }],
  });
  return createSource(mesh, "postgresql", {
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    passwordSecret: "bench",
    sslMode: "disable",
  });
}

/** Stages a table as Parquet: from CreateJob to the end of the stream of states. */
export async function stage(mesh: Mesh<unknown>, sourceId: string, table: string): Promise<void> {
  const { job } = await mesh.call<{ job: { jobId: string } }>("POST", "/api/v1/staging/jobs", {
    job: { sourceId, tables: [table] },
  });
  const { url, headers } = mesh.target(`/api/v1/staging/jobs/${job.jobId}:watch`);
  const states = await (await fetch(url, { headers })).text();
  if (!states.includes("JOB_STATE_SUCCEEDED")) throw new Error(states);
}

/** Runs a query. Returns its rows. */
export async function query(mesh: Mesh<unknown>, sourceId: string, sql: string): Promise<unknown[][]> {
  const { rows } = await mesh.call<{ rows: unknown[][] }>("POST", "/api/v1/execute", {
    sourceId,
    sql,
    // The rows of queries measure the engine.
    noCache: true,
  });
  return rows;
}
