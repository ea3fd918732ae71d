import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { serviceNames } from "../../gen/services.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { startPostgresServer } from "./postgres-server.ts";
import { databaseUrlOf, rolePassword, rolePrefix, templateName } from "./test-cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Superuser's URL of the test cluster's maintenance database. */
    clusterUrl: string;
  }
}

/** One PostgreSQL for the whole run, with a template database that every service has migrated. Pure tests alone need none. */
export default async function setup(project: TestProject) {
  if (project.vitest.projects.every(({ name }) => name === "pure")) return;
  const server = await startPostgresServer({ max_connections: "400" });
  const tearDown = () => server[Symbol.asyncDispose]();
  try {
    await makeTemplate(server.url);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide("clusterUrl", server.url);
  return tearDown;
}

async function makeTemplate(clusterUrl: string): Promise<void> {
  const cluster = connectPostgres(clusterUrl, { max: 1 });
  await cluster`create database ${cluster(templateName)}`;
  await cluster.end();
  const urls = await provisionDatabase({
    adminUrl: databaseUrlOf(clusterUrl, templateName),
    rolePrefix,
    passwordOf: () => rolePassword,
  });
  for (const service of serviceNames) {
    const migrationsFolder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
    await using _database = await openDatabase({ url: urls[service], service, migrationsFolder });
  }
}
