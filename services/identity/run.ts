import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database/database.ts";
import { startGrpcServer } from "../lib/mesh/grpc-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { createVerifier } from "../lib/rpc/principal.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { type BootstrapAdmin, bootstrap } from "./bootstrap.ts";
import type { IdentityConfig } from "./config.ts";
import { createKeyRing, rotateSigningKeys } from "./credentials/key-ring.ts";
import { createSemaphore } from "./credentials/semaphore.ts";
import { maintain } from "./maintenance.ts";
import { identityServices } from "./service.ts";
import { createVault } from "./vault.ts";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));
/** Each takes a thread of Node's pool of four, 19 MiB and a core for some 50 ms; the rest is for everybody else. */
const hashPermitsMax = 2;

/**
 * Runs the identity service until `stop` aborts. On an installation's first start it makes the platform administrator
 * and calls `announce` once, if it made the password up.
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
  await using server = await startGrpcServer({
    listen: config.grpcListen,
    services: identityServices(deps),
    verifier: createVerifier(config.meshTrustedKeys),
    log,
    tls,
  });
  ready(server.address);
  await maintain(deps, stop);
};

/** On standard output, beside the log: a log may be kept and read by others. */
function print({ email, password }: BootstrapAdmin): void {
  process.stdout.write(`Sluice's first administrator: ${email}, password ${password} (shown once)\n`);
}
