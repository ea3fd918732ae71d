import cluster from "node:cluster";
import { openMeshTls } from "../services/lib/mesh/mesh-tls.ts";
import { aborted, type Run } from "../services/lib/process/lifetime.ts";
import { createLog } from "../services/lib/telemetry/log.ts";
import { openLimiter } from "./admission/open-limiter.ts";
import { readCompositions } from "./compositions/read-compositions.ts";
import type { EdgeConfig } from "./config.ts";
import { exposedServices } from "./contracts.ts";
import { openTls } from "./listen/open-tls.ts";
import { joinPrimary, runPrimary } from "./listen/run-processes.ts";
import { createPages } from "./pages/pages.ts";
import { startEdge } from "./start-edge.ts";

/** Runs the edge until `stop` aborts. */
export const run: Run<EdgeConfig> = async (config, stop, ready) => {
  if (cluster.isWorker) {
    const worker = joinPrimary(stop);
    await runOne(config, worker.stop, worker.ready);
  } else if (config.processes > 1) {
    await runPrimary({ processes: config.processes, stop, ready, log: createLog("edge", config) });
  } else await runOne(config, stop, ready);
};

const runOne: Run<EdgeConfig> = async (config, stop, ready) => {
  const log = createLog("edge", config);
  const compositions = await readCompositions(config.compositionsFile);
  using tls = await openTls(config.tlsFiles, { ...config, log });
  using meshTls = await openMeshTls(config.meshFiles, log);
  await using limiter = await openLimiter(config.rateLimitStore, log);
  await using edge = await startEdge({
    ...config,
    services: exposedServices,
    compositions,
    pages: createPages(undefined, config.compatApis),
    admission: { limiter, limits: config.rateLimits, readLimits: config.readLimits },
    tls: tls?.current,
    meshTls,
    log,
  });
  tls?.onRenewed(edge.renewTls);
  ready(edge.address);
  await aborted(stop);
};
