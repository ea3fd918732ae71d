import { fileURLToPath } from "node:url";
import { openDatabase } from "../lib/database/database.ts";
import { openJobs } from "../lib/jobs/jobs.ts";
import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { createSemaphore } from "../lib/process/semaphore.ts";
import { createLog } from "../lib/telemetry/log.ts";
import { createKeyUses } from "./api-keys/key-uses.ts";
import { connectAudit } from "./audit/audit-peers.ts";
import { createRefusals } from "./audit/refusals.ts";
import { type BootstrapAdmin, bootstrap } from "./bootstrap.ts";
import type { IdentityConfig } from "./config.ts";
import { createKeyRing, rotateSigningKeys } from "./credentials/key-ring.ts";
import { createPasswords } from "./credentials/password.ts";
import { refuseUnknownKeys } from "./encryption/reencrypt.ts";
import { maintain } from "./maintenance.ts";
import { connectContent } from "./namespaces/content-clients.ts";
import { workOnDeletions } from "./namespaces/delete-namespaces.ts";
import { createIssuers } from "./oidc/issuer.ts";
import { identityServices } from "./service.ts";
import { keepServiceKeys } from "./service-principals/keep-service-keys.ts";
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
  const vault = createVault(config.secretEncryptionKey, config.secretDecryptionKey);
  const keyRing = createKeyRing(db, vault);
  await refuseUnknownKeys(db, vault);
  await rotateSigningKeys(db, vault);
  const { bootstrapAdminEmail: email, bootstrapAdminPassword: password } = config;
  const withHashPermit = createSemaphore(hashPermitsMax);
  const issuers = createIssuers(config.issuers, log);
  using contents = connectContent(config, tls);
  using auditPeers = connectAudit(config, tls);
  await using refusals = createRefusals({ db, log });
  await using keyUses = createKeyUses(db, log);
  const { databaseUrl: url } = config;
  await using jobs = await openJobs({ url, service: "identity", log, listen: database.listen });
  const passwords = createPasswords();
  const clients = { auditPeers, contents };
  const credentials = { keyRing, vault, passwords, issuers, withHashPermit };
  const deps = { db, jobs, refusals, keyUses, ...credentials, ...clients, log };
  const generated = await bootstrap(deps, { email, password });
  if (generated) announce(generated);
  await using _deletions = await workOnDeletions(jobs, deps);
  await using server = await startMeshServer(config, identityServices(deps), { log, tls });
  ready(server.address);
  await Promise.all([maintain(deps, stop), refusals.record(stop), keepServiceKeys(deps, config, stop)]);
};

/** Writes to standard output, not to the log: logs are kept and read by others. */
function print({ email, password }: BootstrapAdmin): void {
  process.stdout.write(`Sluice's first administrator: ${email}, password ${password} (shown once)\n`);
}
