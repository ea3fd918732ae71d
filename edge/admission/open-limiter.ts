import cluster from "node:cluster";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import { openClusterStore } from "./cluster-store.ts";
import type { Limiter } from "./limiter.ts";
import { createLocalLimiter } from "./local-limiter.ts";
import { openPostgresStore } from "./postgres-store.ts";
import { openRedisStore } from "./redis-store.ts";
import { createSharedLimiter } from "./shared-limiter.ts";

/** Counts where the setting says: in memory, which the processes of one edge share, or in the store of a URL. */
export async function openLimiter(store: string, log: Logger): Promise<Limiter> {
  if (/^rediss?:/.test(store)) return createSharedLimiter(() => openRedisStore(store), log);
  if (/^postgres(ql)?:/.test(store)) return createSharedLimiter(() => openPostgresStore(store), log);
  return cluster.isWorker ? createSharedLimiter(openClusterStore, log) : createLocalLimiter();
}
