import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { databaseServiceNames } from "../../gen/services.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { openJobs } from "../../services/lib/jobs/jobs.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { leaveInTime } from "./leave-in-time.ts";
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
  const tearDown = () => {
    leaveInTime();
    return server[Symbol.asyncDispose]();
  };
  try {
    await makeTemplate(server.url);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide("clusterUrl", server.url);
  return tearDown;
}

/** Services whose queues have tables, too. */
const servicesWithJobs = ["approval", "identity", "staging", "storage"];

async function makeTemplate(clusterUrl: string): Promise<void> {
  const cluster = connectPostgres(clusterUrl, { max: 1 });
  await cluster`create database ${cluster(templateName)}`;
  await cluster.end();
  const urls = await provisionDatabase({
    adminUrl: databaseUrlOf(clusterUrl, templateName),
    rolePrefix,
    passwordOf: () => rolePassword,
  });
  const log = createLog("the tests", { logLevel: "silent" });
  for (const service of databaseServiceNames) {
    const migrationsFolder = fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));
    await using database = await openDatabase({ url: urls[service], service, migrationsFolder });
    if (!servicesWithJobs.includes(service)) continue;
    await using _jobs = await openJobs({ url: urls[service], service, log, listen: database.listen });
  }
}
