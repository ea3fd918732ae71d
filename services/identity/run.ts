import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database/database.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { type BootstrapAdmin, bootstrap } from "./bootstrap.ts";
import type { IdentityConfig } from "./config.ts";
import { createKeyRing, rotateSigningKeys } from "./credentials/key-ring.ts";
import { createSemaphore } from "./credentials/semaphore.ts";
import { maintain } from "./maintenance.ts";
import { identityServices } from "./service.ts";
import { createVault } from "./vault.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));
/**
 * Concurrent password hashes. Each uses 19 MiB and one of the four threads of libuv's pool for about 50 ms; two threads
 * stay free for other work.
 */
const hashPermitsMax = 2;

/**
 * Runs the identity service until `stop` aborts. The first start of an installation creates the platform administrator
 * and calls `announce` if it generated the password.
 */
export const run = async (
  config: IdentityConfig,
  stop: AbortSignal,
  ready: (address: string) => void,
  announce: (admin: BootstrapAdmin) => void = print,
): Promise<void> => {
  const log = createLog("identity", config);
  using tls = await openMeshTls(config.meshFiles, log);
  await using database = await openDatabase({
    url: config.databaseUrl,
    service: "identity",
    migrationsFolder,
  });
  const { db } = database;
  const vault = createVault(config.secretEncryptionKey);
  const keyRing = createKeyRing(db, vault);
  await rotateSigningKeys(db, vault);
  const { bootstrapAdminEmail: email, bootstrapAdminPassword: password } = config;
  const generated = await bootstrap(db, { email, password });
  if (generated) announce(generated);
  const deps = { db, keyRing, vault, withHashPermit: createSemaphore(hashPermitsMax), log };
  await using server = await startMeshServer(config, identityServices(deps), { log, tls });
  ready(server.address);
  await maintain(deps, stop);
};

/** Writes to standard output, not to the log: logs are kept and read by others. */
function print({ email, password }: BootstrapAdmin): void {
  process.stdout.write(`Sluice's first administrator: ${email}, password ${password} (shown once)\n`);
}
