import type { Database } from "../lib/database/database.ts";
import { listRevisions } from "./job-repository.ts";

/** Notifies watchers of jobs. */
export type Changes = Disposable & {
  /** Resolves when the job's revision changes, the job is gone, or the signal aborts. */
  changed(jobId: string, revision: number, signal: AbortSignal): Promise<void>;
};

/** Polling interval in milliseconds, for changes without a notification. One statement reads all watched jobs. */
const pollMs = 500;
/** Channel of PostgreSQL's notifications. The payload is the job's id. */
const channel = "staging.jobs";

type Watcher = { jobId: string; revision: number; wake: () => void };

/** Reads the revisions of watched jobs. Database errors are ignored until the next poll. */
export async function watchChanges({ db, listen }: Pick<Database, "db" | "listen">): Promise<Changes> {
  const watchers = new Set<Watcher>();
  const check = async (checked: readonly Watcher[]) => {
    const revisions = await listRevisions(db, [...new Set(checked.map(({ jobId }) => jobId))]);
    for (const { jobId, revision, wake } of checked) if (revisions.get(jobId) !== revision) wake();
  };
  await listen(channel, (changed) => {
    const notified = [...watchers].filter(({ jobId }) => jobId === changed);
    // The next poll retries.
    if (notified.length > 0) check(notified).catch(() => {});
  });
  let polling = false;
  const poll = () => {
    if (polling) return;
    polling = true;
    check([...watchers])
      .catch(() => {})
      .finally(() => {
        polling = false;
      });
  };
  let timer: NodeJS.Timeout | undefined;
  const stopPolling = () => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    async changed(jobId, revision, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const watcher = { jobId, revision, wake: resolve };
      watchers.add(watcher);
      timer ??= setInterval(poll, pollMs);
      // The job can have changed since the caller read it.
      check([watcher]).catch(() => {});
      signal.addEventListener("abort", resolve as () => void, { once: true });
      try {
        await promise;
      } finally {
        watchers.delete(watcher);
        if (watchers.size === 0) stopPolling();
        signal.removeEventListener("abort", resolve as () => void);
      }
    },
    [Symbol.dispose]: stopPolling,
  };
}
