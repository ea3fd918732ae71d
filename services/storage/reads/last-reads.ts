import { LRUCache } from "lru-cache";
import type { Db } from "../../lib/database/database.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { Limits } from "../limits.ts";
import { updateReadTimes } from "./read-repository.ts";

/** Times of the last reads, known to the hour. They are lost with a process that dies. */
export type LastReads = AsyncDisposable & {
  /** Notes that a file is read. */
  note(fileId: string): void;
};

/** Files that were written within the hour, and are not written again. */
const writtenMax = 100_000;
const hourMs = 3600 * 1000;

type ReadDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly limits: Pick<Limits, "readsMs">;
};

/** Writes noted reads periodically until disposed, and at the end. */
export function createLastReads({ db, log, limits }: ReadDeps): LastReads {
  const written = new LRUCache<string, true>({ max: writtenMax, ttl: hourMs });
  const noted = new Set<string>();
  const write = async () => {
    const fileIds = [...noted];
    noted.clear();
    if (fileIds.length === 0) return;
    try {
      await updateReadTimes(db, fileIds);
    } catch (error) {
      for (const fileId of fileIds) noted.add(fileId);
      throw error;
    }
    for (const fileId of fileIds) written.set(fileId, true);
  };
  const stop = new AbortController();
  const failureText = "the times of reads were not written";
  const running = runPeriodically({ pauseMs: limits.readsMs, stop: stop.signal, log, failureText }, write);
  return {
    note(fileId) {
      if (!written.has(fileId)) noted.add(fileId);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await write().catch((error) => log.warn({ err: error }, failureText));
    },
  };
}
