import type { Db } from "../lib/database.ts";
import { listRevisions } from "./job-repository.ts";

/** Tells those who watch a job that it has changed. */
export type Changes = Disposable & {
  /** Resolves when the job's revision is another one, or the job is gone, or the signal aborts. */
  changed(jobId: string, revision: number, signal: AbortSignal): Promise<void>;
};

/** How soon a change is seen, in milliseconds: one statement asks for every job that is watched. */
const pollMs = 500;

type Watcher = { jobId: string; revision: number; wake: () => void };

/** Looks at the rows of watched jobs; a database that is away is asked again. */
export function watchChanges(db: Db): Changes {
  const watchers = new Set<Watcher>();
  const poll = async () => {
    const asked = [...watchers];
    const revisions = await listRevisions(db, [...new Set(asked.map(({ jobId }) => jobId))]);
    for (const { jobId, revision, wake } of asked) if (revisions.get(jobId) !== revision) wake();
  };
  let polling = false;
  const timer = setInterval(() => {
    if (polling || watchers.size === 0) return;
    polling = true;
    poll()
      .catch(() => {})
      .finally(() => {
        polling = false;
      });
  }, pollMs);
  return {
    async changed(jobId, revision, signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const watcher = { jobId, revision, wake: resolve };
      watchers.add(watcher);
      signal.addEventListener("abort", resolve as () => void, { once: true });
      try {
        await promise;
      } finally {
        watchers.delete(watcher);
        signal.removeEventListener("abort", resolve as () => void);
      }
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
