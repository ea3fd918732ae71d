import { join } from "node:path";
import { connectPostgres } from "../lib/database/postgres-client.ts";
import { startPostgres } from "./postgres/start-postgres.ts";

const databaseName = "sluice";

/** Database of a mesh. The role of `adminUrl` may create roles. */
export type Cluster = AsyncDisposable & { readonly adminUrl: string };

/** Uses the operator's database, or starts the embedded server in the data folder. */
export async function openCluster(databaseUrl: string | undefined, dataDirectory: string): Promise<Cluster> {
  if (databaseUrl !== undefined) return { adminUrl: databaseUrl, [Symbol.asyncDispose]: async () => {} };
  const server = await startPostgres({ dataDirectory: join(dataDirectory, "postgres") });
  try {
    return {
      adminUrl: await sluiceDatabase(server.url),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function sluiceDatabase(maintenanceUrl: string): Promise<string> {
  const sql = connectPostgres(maintenanceUrl, { max: 1 });
  try {
    const [existing] = await sql`select 1 from pg_database where datname = ${databaseName}`;
    if (!existing) await sql`create database ${sql(databaseName)}`;
  } finally {
    await sql.end();
  }
  const url = new URL(maintenanceUrl);
  url.pathname = `/${databaseName}`;
  return url.href;
}
