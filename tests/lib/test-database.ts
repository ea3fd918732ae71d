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
  /** A superuser's client, to read rows and to cause failures. */
  sql: postgres.Sql;
};

/** Creates a database with the schema of every service, dropped on disposal. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const clusterUrl = inject("clusterUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  const cluster = connectPostgres(clusterUrl, { max: 1 });
  await cluster`create database ${cluster(name)} template ${cluster(templateName)}`;
  const adminUrl = databaseUrlOf(clusterUrl, name);
  // Roles are shared by the whole cluster, so that concurrent updates of them would conflict.
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

/** Creates an empty database, to be a source. It is dropped on disposal. */
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
