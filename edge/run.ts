import cluster from "node:cluster";
import { aborted, type Run } from "../services/lib/lifetime.ts";
import { createLog } from "../services/lib/log.ts";
import { openLimiter } from "./admission/open-limiter.ts";
import type { EdgeConfig } from "./config.ts";
import { joinPrimary, runPrimary } from "./processes.ts";
import { exposedServices } from "./routes.ts";
import { startEdge } from "./start-edge.ts";

/** Runs the edge until `stop` aborts. */
export const run: Run<EdgeConfig> = async (config, stop, ready) => {
  if (cluster.isWorker) {
    const worker = joinPrimary(stop);
    try {
      await runOne(config, worker.stop, worker.ready);
    } finally {
      worker.leave();
    }
  } else if (config.processes > 1) {
    await runPrimary({ processes: config.processes, stop, ready, log: createLog("edge", config) });
  } else await runOne(config, stop, ready);
};

const runOne: Run<EdgeConfig> = async (config, stop, ready) => {
  const log = createLog("edge", config);
  await using limiter = await openLimiter(config.rateLimitStore, log);
  const admission = { limiter, limits: config.rateLimits };
  await using edge = await startEdge({ ...config, services: exposedServices, admission, log });
  ready(edge.address);
  await aborted(stop);
};
