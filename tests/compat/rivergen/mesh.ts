import { parseConfig as parseEdgeConfig } from "../../../edge/config.ts";
import { run as runEdge } from "../../../edge/run.ts";
import type { Env } from "../../../services/lib/settings/env.ts";
import { startMesh } from "../../contract/mesh.ts";
import { freePort } from "../../lib/free-port.ts";
import { startService } from "../../lib/test-mesh.ts";
import { unlimited } from "../any-request.ts";
import { commonEnv } from "../mesh.ts";

/** The whole mesh behind an edge that has RiverGen's ports beside its own. */
export type RivergenMesh = AsyncDisposable & {
  /** Port of Sluice's own API. */
  readonly port: number;
  /** RiverGen's, in the order of its parts. */
  readonly ports: readonly [orchestration: number, storage: number, staging: number];
  readonly mesh: Awaited<ReturnType<typeof startMesh>>;
};

const rivergen = { COMPAT_APIS: "rivergen" };

export async function startRivergen(env: Env = {}): Promise<RivergenMesh> {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await startMesh({ ...rivergen, ...env }));
  const port = await freePort();
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  const edge = {
    ...commonEnv("edge"),
    ...addressesOf(mesh.env("compat")),
    ...unlimited,
    ...rivergen,
    RIVERGEN_PORTS: ports.join(","),
    EDGE_PORT: String(port),
    ...env,
  };
  stack.use(await startService(runEdge, parseEdgeConfig(edge)));
  const owned = stack.move();
  return { port, ports, mesh, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const addressesOf = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name.endsWith("_ADDRESS")));
