import { runPeriodically } from "../lib/process/run-periodically.ts";
import { deleteChunks } from "./chunk-repository.ts";
import type { StagingDeps } from "./deps.ts";
import { listUnfinished, moveExpired } from "./job-repository.ts";
import { enqueueRun, enqueueSweep } from "./queues.ts";

const pauseMs = 10 * 60_000;

/**
 * Removes the chunks of jobs that have expired, and has unfinished jobs done whose place in the queue was lost, as in a
 * backup without the queue: now and every ten minutes, until `stop` aborts.
 */
export function maintain(deps: Pick<StagingDeps, "db" | "jobs" | "log">, stop: AbortSignal): Promise<void> {
  const { log } = deps;
  const failureText = "maintenance failed; the next round tries again";
  return runPeriodically({ pauseMs, stop, log, failureText }, async () => {
    await requeue(deps);
    while ((await expire(deps)) > 0);
  });
}

async function requeue({ db, jobs }: Pick<StagingDeps, "db" | "jobs">): Promise<void> {
  for (const job of await listUnfinished(db)) await enqueueRun(jobs, db, job);
}

function expire({ db, jobs }: Pick<StagingDeps, "db" | "jobs">): Promise<number> {
  return db.transaction(async (tx) => {
    const expired = await moveExpired(tx);
    for (const job of expired) {
      await deleteChunks(tx, job, job.jobId);
      await enqueueSweep(jobs, tx, job);
    }
    return expired.length;
  });
}
