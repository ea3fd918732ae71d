import { parseConfig as parseEdgeConfig } from "../../edge/config.ts";
import { run as runEdge } from "../../edge/run.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { freePort } from "../lib/free-port.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { type SpawnedProcess, spawnProcess } from "../lib/spawned-process.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys, startService } from "../lib/test-mesh.ts";
import { password } from "./mesh.ts";

type Name = "identity" | "compat";

/** Identity and compat as processes that a test may stop, on ports that they keep, behind an edge. */
export type StoppableMesh = AsyncDisposable & {
  readonly port: number;
  signal(name: Name, signal: NodeJS.Signals): void;
  kill(name: Name): Promise<void>;
  /** Resolves when the process is ready. */
  start(name: Name): Promise<void>;
};

/** Loads are not what these tests limit. */
const unlimited = {
  RATE_LIMIT_ADDRESS: "1000000/1",
  RATE_LIMIT_USER: "1000000/1",
  RATE_LIMIT_ORG: "1000000/1",
};

export async function startStoppableMesh(): Promise<StoppableMesh> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const addresses = {
    ...serviceAddresses("unix:/nowhere/nobody.sock"),
    IDENTITY_ADDRESS: `127.0.0.1:${await freePort()}`,
    COMPAT_ADDRESS: `127.0.0.1:${await freePort()}`,
  };
  const envOf = (name: Name | "edge"): Env => ({
    ...addresses,
    GRPC_LISTEN: name === "compat" ? addresses.COMPAT_ADDRESS : addresses.IDENTITY_ADDRESS,
    mesh_private_key: meshKeys.privateKeys[name],
    mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
    MESH_PRIVATE_KEY: meshKeys.privateKeys[name],
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    DATABASE_URL: database.urls.identity,
    SECRET_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    BOOTSTRAP_ADMIN_PASSWORD: password,
  });
  const running = new Map<Name, SpawnedProcess>();
  stack.defer(async () => {
    await Promise.all([...running.values()].map((one) => one.kill()));
  });
  const start = async (name: Name) => {
    running.set(name, await spawnProcess(`services/${name}/main.ts`, envOf(name)));
  };
  await Promise.all([start("identity"), start("compat")]);
  const edge = stack.use(
    await startService(
      runEdge,
      parseEdgeConfig({ ...envOf("edge"), ...unlimited, EDGE_PORT: "0", LOG_LEVEL: "silent" }),
    ),
  );
  const owned = stack.move();
  return {
    port: Number(new URL(edge.address).port),
    signal: (name, signal) => {
      process.kill(running.get(name)?.pid ?? 0, signal);
    },
    kill: async (name) => running.get(name)?.kill(),
    start,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
