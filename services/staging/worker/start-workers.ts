import type { StagingDeps } from "../deps.ts";
import type { JobRun } from "../job-repository.ts";
import { type FollowUp, queues } from "../queues.ts";
import { recordJob } from "./record-job.ts";
import { runJob } from "./run-job.ts";
import { sweepFiles } from "./sweep-files.ts";

/** Errands are small, and a process does this many at once. */
const followUpsMax = 2;

/** Does jobs, `concurrency` at once, and what follows them, until disposed. */
export async function startWorkers(deps: StagingDeps, concurrency: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  if (concurrency > 0) {
    stack.use(await deps.jobs.work<JobRun>(queues.jobs, { concurrency }, runJob(deps)));
    const options = { concurrency: followUpsMax };
    stack.use(await deps.jobs.work<FollowUp>(queues.sweeps, options, sweepFiles(deps)));
    stack.use(await deps.jobs.work<FollowUp>(queues.lineage, options, recordJob(deps)));
  }
  return stack.move();
}
