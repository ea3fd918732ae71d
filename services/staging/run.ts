import { startMeshServer } from "../lib/mesh/mesh-server.ts";
import { openMeshTls } from "../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../lib/process/lifetime.ts";
import { createLog } from "../lib/telemetry/log.ts";
import type { StagingConfig } from "./config.ts";
import { maintain } from "./maintenance.ts";
import { openDeps } from "./open-deps.ts";
import { stagingServices } from "./service.ts";
import { startWorkers } from "./worker/start-workers.ts";

/** Runs the staging service until `stop` aborts. It has its own workers unless the settings say none. */
export const run: Run<StagingConfig> = async (config, stop, ready) => {
  const log = createLog("staging", config);
  await using stack = new AsyncDisposableStack();
  const tls = stack.use(await openMeshTls(config.meshFiles, log));
  const deps = await openDeps(stack, config, { log, tls });
  const server = stack.use(await startMeshServer(config, stagingServices(deps), { log, tls }));
  stack.use(await startWorkers(deps, config.jobsAtOnce));
  const maintenance = maintain(deps, stop);
  stack.defer(() => maintenance);
  ready(server.address);
  await aborted(stop);
};
