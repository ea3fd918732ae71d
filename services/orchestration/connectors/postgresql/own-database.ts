import postgres from "postgres";
import { connectPostgres } from "../../../lib/database/postgres-client.ts";
import { addressRefused } from "../../errors.ts";

/** Tells one database from any other: the server's system identifier and the database's number in it. */
export type OwnDatabase = string;

/** Identifies Sluice's own database. Every role may execute, unless an administrator took that right away. */
export async function identifyOwnDatabase(url: string): Promise<OwnDatabase> {
  const sql = connectPostgres(url, { max: 1 });
  try {
    return await identify(sql);
  } finally {
    await sql.end();
  }
}

/** A source can't be Sluice's own database, by whatever name, address or proxy it is reached. */
export async function refuseOwnDatabase(sql: postgres.Sql, ownDatabase: OwnDatabase): Promise<void> {
  if ((await identifyOther(sql)) === ownDatabase) {
    throw addressRefused("this is Sluice's own database: it can't be a source");
  }
}

async function identifyOther(sql: postgres.Sql): Promise<string | undefined> {
  try {
    return await identify(sql);
  } catch (error) {
    // Our own server does answer our role, which is an ordinary one: a server that does not is another one.
    if (error instanceof postgres.PostgresError) return undefined;
    throw error;
  }
}

async function identify(sql: postgres.Sql): Promise<string> {
  const [row] = await sql`
    select control.system_identifier || '/' || database.oid as identity
    from pg_control_system() as control, pg_database as database
    where database.datname = current_database()`;
  return row?.identity;
}
