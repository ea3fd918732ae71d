import { aborted, type Run } from "../services/lib/lifetime.ts";
import { createLog } from "../services/lib/log.ts";
import { openMeshTls } from "../services/lib/mesh-tls.ts";
import type { EdgeConfig } from "./config.ts";
import { createPages } from "./pages/pages.ts";
import { exposedServices } from "./routes.ts";
import { startEdge } from "./start-edge.ts";
import { openTls } from "./tls/open-tls.ts";

/** Runs the edge until `stop` aborts. */
export const run: Run<EdgeConfig> = async (config, stop, ready) => {
  const log = createLog("edge", config);
  using tls = await openTls(config.tlsFiles, { ...config, log });
  using meshTls = await openMeshTls(config.meshFiles, log);
  await using edge = await startEdge({
    ...config,
    services: exposedServices,
    pages: createPages(),
    tls: tls?.current,
    meshTls,
    log,
  });
  tls?.onRenewed(edge.renewTls);
  ready(edge.address);
  await aborted(stop);
};
