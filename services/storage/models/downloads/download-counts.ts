import { setTimeout as sleep } from "node:timers/promises";
import type { Db } from "../../../lib/database/database.ts";
import { outsideCalls } from "../../../lib/rpc/call.ts";
import type { Logger } from "../../../lib/telemetry/log.ts";
import { addDownloads, type Downloads } from "../model-file-repository.ts";

/** Counts of downloads on their way to the database. Disposing them writes the last ones. */
export type DownloadCounts = AsyncDisposable & {
  /** Counts a download. It never fails or delays the download. */
  add(modelVersionId: string, path: string): void;
};

/** Counts are written this often, in milliseconds: a file that many read at once is one update. */
const writeMs = 1000;

export function createDownloadCounts({ db, log }: { db: Db; log: Logger }): DownloadCounts {
  const waiting = new Map<string, Downloads>();
  const stop = new AbortController();
  let writing: Promise<void> | undefined;
  const write = async () => {
    const counted = [...waiting.values()];
    waiting.clear();
    if (counted.length === 0) return;
    await addDownloads(db, counted).catch((error: unknown) => {
      log.warn({ err: error }, "counts of downloads are lost");
    });
  };
  const writeLater = async () => {
    await sleep(writeMs, undefined, { signal: stop.signal }).catch(() => {});
    writing = undefined;
    await write();
  };
  return {
    add(modelVersionId, path) {
      const key = `${modelVersionId}/${path}`;
      waiting.set(key, { modelVersionId, path, count: (waiting.get(key)?.count ?? 0) + 1 });
      writing ??= outsideCalls(writeLater);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await writing;
      await write();
    },
  };
}
