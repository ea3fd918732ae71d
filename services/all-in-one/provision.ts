import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { databaseServiceNames, serviceNames } from "../../gen/services.ts";
import { ConfigError, databaseUrl, parseEnv, withSecrets } from "../lib/settings/env.ts";
import { systemErrorMessage } from "../lib/values/system-error.ts";
import { createMeshKeys } from "./create-mesh-keys.ts";
import { authorityFolder, issueCertificates, makeAuthority } from "./mesh-certificate-files.ts";
import { processNames } from "./process-names.ts";
import { lockProvisioning, provisionDatabase } from "./provision-database.ts";

const settings = z.object({
  database_url: databaseUrl,
  PROVISION_DIR: z.string("is required: the folder that gets a folder of secrets for each process"),
});

const folderNames = [...processNames, authorityFolder];

/**
 * Prepares a database and the secrets for a mesh of separate processes. Secrets that exist are never replaced. A run
 * that failed can be repeated: its folders are moved into place last.
 */
async function provision(): Promise<void> {
  const { database_url: adminUrl, PROVISION_DIR: folder } = parseEnv(
    settings,
    withSecrets(process.env, ["database_url"]),
  );
  await using _lock = await lockProvisioning(adminUrl);
  const unfinished = join(folder, ".unfinished");
  const complete = join(unfinished, "complete");
  // A run that was killed while moving its folders has already changed the passwords: its secrets are the valid ones.
  if (!existsSync(complete)) {
    const existing = folderNames.map((name) => join(folder, name)).find(existsSync);
    if (existing) throw new Error(`${existing}: it exists; secrets are never replaced`);
    await rm(unfinished, { recursive: true, force: true });
    try {
      for (const name of folderNames) await mkdir(join(unfinished, name), { recursive: true, mode: 0o700 });
      await writeSecrets(adminUrl, unfinished);
      await writeFile(complete, "");
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw error;
    }
  }
  for (const name of folderNames) {
    if (existsSync(join(unfinished, name))) await rename(join(unfinished, name), join(folder, name));
  }
  await rm(unfinished, { recursive: true });
  console.log(`secrets of ${processNames.join(", ")} are in ${folder}`);
}

/** Writes the secrets of every process into its folder, and changes the database last. */
async function writeSecrets(adminUrl: string, folder: string): Promise<void> {
  const secret = (process: string, name: string, value: string) =>
    writeFile(join(folder, process, name), `${value}\n`, { mode: 0o600, flag: "wx" });
  const keys = createMeshKeys();
  await secret("edge", "mesh_private_key", keys.privateKeys.edge ?? "");
  for (const name of serviceNames) {
    await secret(name, "mesh_private_key", keys.privateKeys[name] ?? "");
    await secret(name, "mesh_trusted_keys", JSON.stringify(keys.publicKeys));
  }
  await secret("identity", "secret_encryption_key", randomBytes(32).toString("base64"));
  await secret("storage", "url_signing_key", randomBytes(32).toString("base64"));
  await makeAuthority(folder);
  await issueCertificates(folder, processNames);
  const passwords = new Map(
    databaseServiceNames.map((name) => [name as string, randomBytes(24).toString("base64url")]),
  );
  const urls = await provisionDatabase({
    adminUrl,
    rolePrefix: "sluice",
    passwordOf: (service) => passwords.get(service) ?? "",
  });
  for (const name of databaseServiceNames) await secret(name, "database_url", urls[name]);
}

try {
  await provision();
} catch (error) {
  console.error(`provision: ${systemErrorMessage(error)}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
