import type postgres from "postgres";
import { type DatabaseServiceName, databaseServiceNames } from "../../gen/services.ts";
import { connectPostgres } from "../lib/database/postgres-client.ts";
import { systemErrorMessage } from "../lib/values/system-error.ts";

/** Database URL of each service that has tables. */
export type ServiceUrls = Readonly<Record<DatabaseServiceName, string>>;

/**
 * Creates the extension pg_trgm, pgvector if it can, and a role for each service that has tables, in an existing database. It may log in and create schemas, and can't read the tables
 * of other services. The role of `adminUrl` owns the database and may create roles. Idempotent.
 */
export async function provisionDatabase(options: {
  adminUrl: string;
  /** Prefix of the role names: `<prefix>_identity`. */
  rolePrefix: string;

  passwordOf: (service: string) => string;
}): Promise<ServiceUrls> {
  const { adminUrl, rolePrefix, passwordOf } = options;
  const sql = connectPostgres(adminUrl, { max: 1 });
  try {
    await sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(hashtext('sluice provision'))`;
      await tx`create schema if not exists migrations`;
      // Indexes of the services search texts with it, and roles of services may not create it.
      await tx`create extension if not exists pg_trgm schema public`;
      await createVectorExtension(tx);
      await run(tx, "revoke all on database %I from public", await databaseName(tx));
      for (const service of databaseServiceNames) {
        await provisionRole(tx, `${rolePrefix}_${service}`, passwordOf(service));
      }
    });
  } catch (error) {
    throw new Error(`database_url: ${systemErrorMessage(error)}`, { cause: error });
  } finally {
    await sql.end();
  }
  const urls = databaseServiceNames.map((service) => [
    service,
    urlFor(adminUrl, `${rolePrefix}_${service}`, passwordOf(service)),
  ]);
  return Object.fromEntries(urls) as ServiceUrls;
}

/** Creates pgvector where the server has it and the role may: storage searches vectors with it. Others create it themselves. */
async function createVectorExtension(tx: postgres.TransactionSql): Promise<void> {
  const [row] = await tx`
    select current_setting('is_superuser') = 'on' as may from pg_available_extensions where name = 'vector'`;
  if (row?.may) await tx`create extension if not exists vector schema public`;
}

/** Locks the database for one run of `provision`, until disposed or the process dies. Rejects if another run has the lock. */
export async function lockProvisioning(adminUrl: string): Promise<AsyncDisposable> {
  const sql = connectPostgres(adminUrl, { max: 1 });
  const unlock = () => sql.end();
  try {
    const [row] = await sql`select pg_try_advisory_lock(hashtext('sluice provision run')) as locked`;
    if (!row?.locked) throw new Error("another run of provision is at work on this database");
    return { [Symbol.asyncDispose]: unlock };
  } catch (error) {
    await unlock();
    throw new Error(`database_url: ${systemErrorMessage(error)}`, { cause: error });
  }
}

async function provisionRole(tx: postgres.TransactionSql, role: string, password: string): Promise<void> {
  const [existing] = await tx`select 1 from pg_roles where rolname = ${role}`;
  await run(tx, `${existing ? "alter" : "create"} role %I login password %L`, role, password);
  await run(tx, "grant connect, create on database %I to %I", await databaseName(tx), role);
  await run(tx, "grant usage, create on schema migrations to %I", role);
}

async function databaseName(tx: postgres.TransactionSql): Promise<string> {
  const [row] = await tx`select current_database() as name`;
  return row?.name;
}

/** Utility statements take no parameters, so the server's own format() quotes names and literals. */
async function run(tx: postgres.TransactionSql, template: string, ...args: string[]): Promise<void> {
  const [row] = await tx`select format(${template}, variadic ${args}::text[]) as statement`;
  await tx.unsafe(row?.statement);
}

function urlFor(adminUrl: string, role: string, password: string): string {
  const url = new URL(adminUrl);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.href;
}
