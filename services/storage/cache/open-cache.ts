import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { closedNamespaces } from "../schema.ts";
import type { CacheStore } from "./cache-store.ts";
import { cleanCache } from "./clean-cache.ts";
import { createPostgresCache } from "./postgres-cache.ts";
import { openRedisCache } from "./redis-cache.ts";

/** Interval of the deletion of expired entries, in milliseconds. */
const cleanMs = 5_000;

export type CacheSettings = {
  /** A `redis:` or `rediss:` URL; undefined for tables of the service's database. */
  readonly url: string | undefined;
  /** Limit of each organisation, in bytes. */
  readonly orgBytes: number;
  /** Limit of all organisations together, in bytes; Redis has its own. */
  readonly totalBytes: number;
};

/** Opens the cache that the settings name. */
export function openCache({ url, orgBytes, totalBytes }: CacheSettings, db: Db, log: Logger): CacheStore {
  if (url !== undefined) {
    const requireOpen = (owner: { orgId: string; namespace: string }) =>
      db.transaction((tx) => enterNamespace(tx, closedNamespaces, owner));
    return openRedisCache({ url, limitBytes: orgBytes, log, requireOpen });
  }
  const stop = new AbortController();
  const options = { pauseMs: cleanMs, stop: stop.signal, log, failureText: "the cache was not cleaned" };
  const cleaning = runPeriodically(options, () => cleanCache(db, totalBytes));
  return {
    ...createPostgresCache(db, orgBytes),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await cleaning;
    },
  };
}
