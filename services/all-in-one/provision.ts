import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { serviceNames } from "../../gen/services.ts";
import { databaseUrl, parseEnv, withSecrets } from "../lib/settings/env.ts";
import { createMeshKeys } from "./create-mesh-keys.ts";
import { authorityFolder, issueCertificates, makeAuthority } from "./mesh-certificate-files.ts";
import { processNames } from "./process-names.ts";
import { provisionDatabase } from "./provision-database.ts";

const settings = z.object({
  database_url: databaseUrl,
  PROVISION_DIR: z.string("is required: the folder that gets a folder of secrets for each process"),
});

/** Prepares a database and the secrets for a mesh of separate processes. It never replaces secrets that exist. */
async function provision(): Promise<void> {
  const { database_url: adminUrl, PROVISION_DIR: folder } = parseEnv(
    settings,
    withSecrets(process.env, ["database_url"]),
  );
  const passwords = new Map(
    serviceNames.map((name) => [name as string, randomBytes(24).toString("base64url")]),
  );
  // Create the folders first: if an earlier run has left some, nothing is changed.
  for (const name of [...processNames, authorityFolder]) {
    await mkdir(join(folder, name), { recursive: false, mode: 0o700 }).catch(async (error) => {
      if (error.code !== "ENOENT") throw new Error(`${join(folder, name)}: ${error.code}`);
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
    });
  }
  const urls = await provisionDatabase({
    adminUrl,
    rolePrefix: "sluice",
    passwordOf: (service) => passwords.get(service) ?? "",
  });
  const keys = createMeshKeys();
  const secret = (process: string, name: string, value: string) =>
    writeFile(join(folder, process, name), `${value}\n`, { mode: 0o600, flag: "wx" });
  await secret("edge", "mesh_private_key", keys.privateKeys.edge ?? "");
  for (const name of serviceNames) {
    await secret(name, "mesh_private_key", keys.privateKeys[name] ?? "");
    await secret(name, "mesh_trusted_keys", JSON.stringify(keys.publicKeys));
    await secret(name, "database_url", urls[name]);
  }
  await secret("identity", "secret_encryption_key", randomBytes(32).toString("base64"));
  await secret("storage", "url_signing_key", randomBytes(32).toString("base64"));
  await makeAuthority(folder);
  await issueCertificates(folder, processNames);
  console.log(`secrets of ${processNames.join(", ")} are in ${folder}`);
}

try {
  await provision();
} catch (error) {
  console.error(`provision: ${(error as Error).message}`);
  process.exitCode = 1;
}
