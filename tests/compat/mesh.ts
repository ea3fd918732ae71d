import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { run as runEdge } from "../../edge/run.ts";
import { parseConfig as parseCompatConfig } from "../../services/compat/config.ts";
import { run as runCompat } from "../../services/compat/run.ts";
import { parseConfig as parseIdentityConfig } from "../../services/identity/config.ts";
import { run as runIdentity } from "../../services/identity/run.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, startService } from "../lib/test-mesh.ts";

export const adminEmail = "admin@sluice.local";
export const password = "correct horse battery staple";

export type CompatMesh = AsyncDisposable & {
  /** Of the edge. */
  readonly url: string;
  readonly port: number;
  readonly database: TestDatabase;
};

/** Settings that every process of a test mesh has. */
export const commonEnv = (name: string): Env => ({
  ...serviceAddresses("unix:/nowhere/nobody.sock"),
  LOG_LEVEL: "silent",
  GRPC_LISTEN: "127.0.0.1:0",
  mesh_private_key: meshKeys.privateKeys[name],
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
});

/** The processes that compat APIs need, each on a port of its own. The other services do not run. */
export async function startCompatMesh(env: Env = {}): Promise<CompatMesh> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const common = (name: string): Env => ({ ...commonEnv(name), ...env });
  const identity = stack.use(
    await startService(
      runIdentity,
      parseIdentityConfig({
        ...common("identity"),
        database_url: database.urls.identity,
        BOOTSTRAP_ADMIN_PASSWORD: password,
        secret_encryption_key: Buffer.alloc(32, 7).toString("base64"),
      }),
    ),
  );
  const addresses = { IDENTITY_ADDRESS: identity.address };
  const compat = stack.use(
    await startService(runCompat, parseCompatConfig({ ...common("compat"), ...addresses })),
  );
  const edge = stack.use(
    await startService(
      runEdge,
      parseEdgeConfig({ ...common("edge"), ...addresses, COMPAT_ADDRESS: compat.address, EDGE_PORT: "0" }),
    ),
  );
  const owned = stack.move();
  return {
    url: edge.address,
    port: Number(new URL(edge.address).port),
    database,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
