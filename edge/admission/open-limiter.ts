import cluster from "node:cluster";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { openClusterStore } from "./cluster-store.ts";
import type { Limiter } from "./limiter.ts";
import { createLocalLimiter } from "./local-limiter.ts";
import { openRedisStore } from "./redis-store.ts";
import { createSharedLimiter } from "./shared-limiter.ts";

/** `store` is `memory`, which the processes of one edge share, or the URL of a Redis, which several edges share. */
export async function openLimiter(store: string, log: Logger): Promise<Limiter> {
  if (store !== "memory") return createSharedLimiter(() => openRedisStore(store), log);
  return cluster.isWorker ? createSharedLimiter(openClusterStore, log) : createLocalLimiter();
}
