import { openMeshTls } from "../../lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../../lib/process/lifetime.ts";
import { createLog } from "../../lib/telemetry/log.ts";
import type { WorkerConfig } from "../config.ts";
import { openDeps } from "../open-deps.ts";
import { startWorkers } from "./start-workers.ts";

/** Runs staging's workers until `stop` aborts. The process takes no calls. */
export const run: Run<WorkerConfig> = async (config, stop, ready) => {
  const log = createLog("staging worker", config);
  await using stack = new AsyncDisposableStack();
  const tls = stack.use(await openMeshTls(config.meshFiles, log));
  stack.use(await startWorkers(await openDeps(stack, config, { log, tls }), config.jobsAtOnce));
  ready("none: it takes jobs, not calls");
  await aborted(stop);
};
