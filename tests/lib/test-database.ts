import { randomBytes } from "node:crypto";
import type postgres from "postgres";
import { inject } from "vitest";
import { provisionDatabase, type ServiceUrls } from "../../services/all-in-one/provision-database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { databaseUrlOf, rolePassword, rolePrefix, templateName } from "./test-cluster.ts";

export type TestDatabase = AsyncDisposable & {
  /** Superuser's URL of this database. */
  adminUrl: string;
  /** Each service's own URL. */
  urls: ServiceUrls;
  /** Superuser's client, to look at rows and to break things. */
  sql: postgres.Sql;
};

/** A database of its own with every service's schema, dropped when disposed. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const clusterUrl = inject("clusterUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const cluster = connectPostgres(clusterUrl, { max: 1 });
  await cluster`create database ${cluster(name)} template ${cluster(templateName)}`;
  const adminUrl = databaseUrlOf(clusterUrl, name);
  // Roles belong to the whole cluster: test files that start together take turns.
  const urls = await cluster.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(hashtext('provision a test database'))`;
    return provisionDatabase({ adminUrl, rolePrefix, passwordOf: () => rolePassword });
  });
  const sql = connectPostgres(adminUrl, { max: 2 });
  return {
    adminUrl,
    urls,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 5 });
      await cluster`drop database ${cluster(name)} with (force)`;
      await cluster.end();
    },
  };
}

/** An empty database of its own: a source that has nothing to do with Sluice. */
export async function createForeignDatabase(): Promise<AsyncDisposable & { url: string; sql: postgres.Sql }> {
  const clusterUrl = inject("clusterUrl");
  const name = `foreign_${randomBytes(8).toString("hex")}`;
  const cluster = connectPostgres(clusterUrl, { max: 1 });
  await cluster`create database ${cluster(name)}`;
  const url = databaseUrlOf(clusterUrl, name);
  const sql = connectPostgres(url, { max: 2 });
  return {
    url,
    sql,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 5 });
      await cluster`drop database ${cluster(name)} with (force)`;
      await cluster.end();
    },
  };
}
