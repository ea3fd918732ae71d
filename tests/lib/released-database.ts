import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type DatabaseServiceName, databaseServiceNames } from "../../gen/services.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { openDatabase } from "../../services/lib/database/database.ts";
import { rolePassword, rolePrefix } from "./test-cluster.ts";
import { createForeignDatabase } from "./test-database.ts";
import { temporaryFolder } from "./test-mesh.ts";

/** Migrations of version 0.1.0, which had no namespaces. */
const released: Readonly<Record<DatabaseServiceName, number>> = {
  approval: 5,
  identity: 2,
  orchestration: 3,
  staging: 4,
  storage: 2,
};

const migrationsOf = (service: string) =>
  fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url));

/** Brings a service's schema to that of version 0.1.0. */
async function migrateToReleased(url: string, service: DatabaseServiceName, folder: string): Promise<void> {
  const migrationsFolder = join(folder, service);
  await cp(migrationsOf(service), migrationsFolder, { recursive: true });
  const path = join(migrationsFolder, "meta/_journal.json");
  const journal = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, released[service]) }));
  await using _database = await openDatabase({ url, service, migrationsFolder });
}

/** A database of version 0.1.0. */
export async function createReleasedDatabase() {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createForeignDatabase());
  const folder = stack.use(await temporaryFolder());
  const adminUrl = database.url;
  const urls = await provisionDatabase({ adminUrl, rolePrefix, passwordOf: () => rolePassword });
  for (const service of databaseServiceNames) await migrateToReleased(urls[service], service, folder.path);
  const owned = stack.move();
  return {
    ...database,
    urls,
    async upgrade(service: DatabaseServiceName) {
      const migrationsFolder = migrationsOf(service);
      await using _database = await openDatabase({ url: urls[service], service, migrationsFolder });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
