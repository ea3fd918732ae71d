import postgres from "postgres";
import { connectPostgres } from "../../../../lib/database/postgres-client.ts";
import { addressRefused } from "../../../errors.ts";

/** Identity of a database: the server's system identifier and the OID of the database. */
export type OwnDatabase = string;

/** Identifies Sluice's own database. Every role may call the function, unless an administrator has revoked it. */
export async function identifyOwnDatabase(url: string): Promise<OwnDatabase> {
  const sql = connectPostgres(url, { max: 1 });
  try {
    return await identify(sql);
  } finally {
    await sql.end();
  }
}

/** Refuses Sluice's own database as a source, under any name or address and behind any proxy. */
export async function refuseOwnDatabase(sql: postgres.Sql, ownDatabase: OwnDatabase): Promise<void> {
  if ((await identifyOther(sql)) === ownDatabase) {
    throw addressRefused("this is Sluice's own database: it can't be a source");
  }
}

async function identifyOther(sql: postgres.Sql): Promise<string | undefined> {
  try {
    return await identify(sql);
  } catch (error) {
    // Sluice's own server allows it to Sluice's ordinary role. A server that refuses it is another one.
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
