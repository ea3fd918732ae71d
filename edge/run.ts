import { aborted, type Run } from "../services/lib/lifetime.ts";
import { createLog } from "../services/lib/log.ts";
import type { EdgeConfig } from "./config.ts";
import { createPages } from "./pages/pages.ts";
import { exposedServices } from "./routes.ts";
import { startEdge } from "./start-edge.ts";

/** Runs the edge until `stop` aborts. */
export const run: Run<EdgeConfig> = async (config, stop, ready) => {
  const log = createLog("edge", config);
  await using edge = await startEdge({ ...config, services: exposedServices, pages: createPages(), log });
  ready(edge.address);
  await aborted(stop);
};
