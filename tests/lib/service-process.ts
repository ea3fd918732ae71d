import { createClient } from "@connectrpc/connect";
import type { GrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import type { Env } from "../../services/lib/settings/env.ts";
import { type SpawnedProcess, spawnProcess } from "./spawned-process.ts";
import { type RunningService, transportAs } from "./test-mesh.ts";

export type ServiceProcess = RunningService & SpawnedProcess;

/** Starts a service as a process. Its clients are closed with it. */
export async function spawnService(
  service: string,
  env: Env,
  bounds: { fileBytesMax?: number | undefined } = {},
): Promise<ServiceProcess> {
  const spawned = await spawnProcess(`services/${service}/main.ts`, env, bounds);
  const transports: GrpcTransport[] = [];
  const close = () => {
    for (const transport of transports) transport[Symbol.dispose]();
  };
  const kill = () => {
    close();
    return spawned.kill();
  };
  return {
    ...spawned,
    client(described, caller, process = "edge") {
      const transport = transportAs(spawned.address, caller, process);
      transports.push(transport);
      return createClient(described, transport);
    },
    stop() {
      close();
      return spawned.stop();
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
