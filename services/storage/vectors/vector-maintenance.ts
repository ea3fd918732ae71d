import type { Db } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { deleteLeftVectors, forgetDeletions } from "./collection-repository.ts";
import { maintainIndexes } from "./pgvector/maintain-indexes.ts";

/** Vectors of deleted collections that are deleted at a time. */
const deletedMax = 5000;

/** Deletes what is left of collections, and builds pgvector's indexes, until it is disposed. */
export function startVectorMaintenance(options: {
  readonly db: Db;
  readonly log: Logger;
  readonly pauseMs: number;
  readonly hasPgvector: boolean;
}): AsyncDisposable {
  const { db, log, pauseMs, hasPgvector } = options;
  const stop = new AbortController();
  const failureText = "the maintenance of vectors failed: the next one goes on";
  const running = runPeriodically({ pauseMs, stop: stop.signal, log, failureText }, async () => {
    while (!stop.signal.aborted && (await deleteLeftVectors(db, deletedMax)));
    await forgetDeletions(db);
    if (hasPgvector) await maintainIndexes(db);
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
