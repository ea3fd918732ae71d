import type postgres from "postgres";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { startPgvectorServer } from "../lib/pgvector-server.ts";
import { rolePassword, rolePrefix } from "../lib/test-cluster.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { type StorageOptions, startStorageIn } from "./fixtures.ts";

/** A storage service with one engine for all collections that it can have. */
export type EngineScene = AsyncDisposable & {
  readonly storage: RunningService;
  /** A superuser's client. */
  readonly sql: postgres.Sql;
  /** Another instance of the service on the same database and folder. */
  startAnother(options?: StorageOptions): Promise<RunningService>;
};

const often = { vectorMaintenanceMs: 20 };

/** On the embedded PostgreSQL, which has no pgvector. */
export async function startExact(): Promise<EngineScene> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  return startOn(stack.move(), database.urls, database.sql);
}

/** On a PostgreSQL with pgvector. */
export const startPgvector = (): Promise<EngineScene> => startOnPgvector([]);

/** The same, with a planner that prefers the index: with few vectors it would rather look at all of them. */
export const startIndexed = (): Promise<EngineScene> => startOnPgvector(["enable_seqscan", "enable_sort"]);

async function startOnPgvector(turnedOff: readonly string[]): Promise<EngineScene> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPgvectorServer());
  const urls = await provisionDatabase({
    adminUrl: server.url,
    rolePrefix,
    passwordOf: () => rolePassword,
  });
  const sql = connectPostgres(server.url, { max: 2 });
  stack.defer(() => sql.end({ timeout: 5 }));
  for (const setting of turnedOff) {
    await sql`alter role ${sql(`${rolePrefix}_storage`)} set ${sql(setting)} = off`;
  }
  return startOn(stack.move(), urls, sql);
}

async function startOn(
  owned: AsyncDisposableStack,
  urls: Parameters<typeof startStorageIn>[0]["urls"],
  sql: postgres.Sql,
): Promise<EngineScene> {
  await using stack = owned;
  const folder = stack.use(await temporaryFolder());
  const start = (options: StorageOptions = {}) =>
    startStorageIn({ urls }, folder.path, often, undefined, undefined, options);
  const storage = stack.use(await start());
  const kept = stack.move();
  return { storage, sql, startAnother: start, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
