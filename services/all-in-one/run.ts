import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { run as runEdge } from "../../edge/run.ts";
import { serviceNames } from "../../gen/services.ts";
import type { BootstrapAdmin } from "../identity/bootstrap.ts";
import { parseConfig as parseIdentityConfig } from "../identity/config.ts";
import { run as runIdentity } from "../identity/run.ts";
import { aborted } from "../lib/process/lifetime.ts";
import type { AllInOneConfig } from "./config.ts";
import { createMeshKeys } from "./create-mesh-keys.ts";
import { defineService } from "./define-service.ts";
import { keptSecret } from "./kept-secret.ts";
import { openCluster } from "./open-cluster.ts";
import { provisionDatabase } from "./provision-database.ts";
import { edgeEnv, type Mesh, serviceEnv } from "./service-env.ts";
import { services } from "./services.ts";
import { startService } from "./start-service.ts";

/** Facts for the operator once the mesh accepts calls. */
export type Started = {
  /** Address of the edge. */
  readonly url: string;
  /** The bootstrap administrator if this start generated the password. */
  readonly administrator: BootstrapAdmin | undefined;
};

/** Runs the mesh in this process until `stop` aborts. The database stops last. */
export async function run(
  config: AllInOneConfig,
  stop: AbortSignal,
  ready: (started: Started) => void,
): Promise<void> {
  // Searchable but not readable: started by root, the embedded database runs as another user. Folders inside are private.
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o711 });
  await using cluster = await openCluster(config.databaseUrl, config.dataDirectory);
  await using sockets = await socketDirectory();
  const secrets = join(config.dataDirectory, "secrets");
  const password = randomBytes(24).toString("base64url");
  const mesh: Mesh = {
    config,
    keys: createMeshKeys(),
    urls: await provisionDatabase({
      adminUrl: cluster.adminUrl,
      rolePrefix: "sluice",
      passwordOf: () => password,
    }),
    socketDirectory: sockets.path,
    secretEncryptionKey: config.secretEncryptionKey ?? (await keptSecret(secrets, "secret_encryption_key")),
    urlSigningKey: config.urlSigningKey ?? (await keptSecret(secrets, "url_signing_key")),
  };
  let administrator: BootstrapAdmin | undefined;
  const identity = defineService(parseIdentityConfig, (settings, signal, listening) =>
    runIdentity(settings, signal, listening, (made) => {
      administrator = made;
    }),
  );
  const started = { ...services, identity };
  const starting = serviceNames.map((name) => startService(started[name].run, serviceEnv(mesh, name)));
  await using instances = new AsyncDisposableStack();
  for (const outcome of await Promise.allSettled(starting)) {
    if (outcome.status === "fulfilled") instances.use(outcome.value);
  }
  const running = await Promise.all(starting);
  const edge = instances.use(await startService(runEdge, parseEdgeConfig(edgeEnv(mesh))));
  ready({ url: edge.address, administrator });
  // A service that ends unexpectedly stops all others.
  await Promise.race([aborted(stop), ...[edge, ...running].map(({ ended }) => ended)]);
}

async function socketDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "sluice-mesh-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
