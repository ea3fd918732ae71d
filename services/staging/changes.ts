import type { Database } from "../lib/database/database.ts";
import { listRevisions } from "./job-repository.ts";

/** Tells those who watch a job that it has changed. */
export type Changes = Disposable & {
  /** Resolves when the job's revision is another one, or the job is gone, or the signal aborts. */
  changed(jobId: string, revision: number, signal: AbortSignal): Promise<void>;
};

/** How soon a change is seen that nobody has told of, in milliseconds: one statement asks for all watched jobs. */
const pollMs = 500;
/** Where the database tells of changes, by the job's id. */
const channel = "staging.jobs";

type Watcher = { jobId: string; revision: number; wake: () => void };

/** Looks at the rows of watched jobs; a database that is away is asked again. */
export async function watchChanges({ db, listen }: Pick<Database, "db" | "listen">): Promise<Changes> {
  const watchers = new Set<Watcher>();
  const look = async (asked: readonly Watcher[]) => {
    const revisions = await listRevisions(db, [...new Set(asked.map(({ jobId }) => jobId))]);
    for (const { jobId, revision, wake } of asked) if (revisions.get(jobId) !== revision) wake();
  };
  await listen(channel, (changed) => {
    const asked = [...watchers].filter(({ jobId }) => jobId === changed);
    // The regular look finds what this one could not.
    if (asked.length > 0) look(asked).catch(() => {});
  });
  let polling = false;
  const poll = () => {
    if (polling) return;
    polling = true;
    look([...watchers])
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
      // It may have changed since the caller read it.
      look([watcher]).catch(() => {});
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
