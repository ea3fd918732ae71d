import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createLog } from "../lib/telemetry/log.ts";
import type { CompatConfig } from "./config.ts";
import { connectPeers } from "./peers.ts";
import { compatServices } from "./service.ts";

/** Serves the APIs of other systems until `stop` aborts. The process has no data: each call is one of the mesh. */
export const run: Run<CompatConfig> = async (config, stop, ready) => {
  const log = createLog("compat", config);
  using tls = await openMeshTls(config.meshFiles, log);
  using peers = connectPeers(config, tls);
  const { rivergen } = config;
  const services = compatServices({
    ...peers,
    rivergen: rivergen && peers.rivergen && { ...peers.rivergen, stages: rivergen.stages },
    registration: config.gatewayRegistration,
    unrecoverableReset: config.cdapUnrecoverableReset,
  });
  await using server = await startMeshServer(config, services, { log, tls });
  ready(server.address);
  await aborted(stop);
};
