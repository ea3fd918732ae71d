import type postgres from "postgres";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import type { Standing } from "./limit.ts";
import { applyStatement, forgetStatement, prepareStatements } from "./postgres-statements.ts";
import type { Store } from "./store.ts";
import { within } from "./within.ts";

/** One for batches, one for what clears up beside them. */
const connectionsMax = 2;
/** How long the server works on a statement whose answer nobody waits for any more, in milliseconds. */
const statementMs = 2_000;
const connectSeconds = 2;
/** How long it may take to connect and to make the schema, in milliseconds. */
const prepareMs = 5_000;
/** How often buckets that are full again are removed, in milliseconds. */
const forgetMs = 60_000;

/** Counts in PostgreSQL, in a schema of its own that it makes: the role needs the right to create one. */
export async function openPostgresStore(url: string): Promise<Store> {
  const sql = connectPostgres(url, {
    max: connectionsMax,
    connect_timeout: connectSeconds,
    connection: { application_name: "sluice edge", statement_timeout: statementMs },
  });
  try {
    await within(prepareMs, prepare(sql));
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
  const timer = setInterval(() => {
    // What is left over now goes next time.
    sql.unsafe(forgetStatement).catch(() => undefined);
  }, forgetMs).unref();
  return {
    async apply(batch) {
      const [row] = await sql.unsafe<{ standings: Standing[][] }[]>(applyStatement, [JSON.stringify(batch)]);
      return row?.standings ?? [];
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await sql.end({ timeout: 0 });
    },
  };
}

async function prepare(sql: postgres.Sql): Promise<void> {
  await sql.begin(async (tx) => {
    // Edges that start at the same time take turns.
    await tx`select pg_advisory_xact_lock(hashtext('sluice edge limits'))`;
    await tx.unsafe(prepareStatements);
  });
}
