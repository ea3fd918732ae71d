import type { StagingDeps } from "../deps.ts";
import type { Order } from "../job-repository.ts";
import { type Errand, queues } from "../queues.ts";
import { doRun } from "./do-run.ts";
import { recordJob } from "./record-job.ts";
import { sweepFiles } from "./sweep-files.ts";

/** Errands are small, and a process does this many at once. */
const errandsAtOnce = 2;

/** Does jobs, `concurrency` at once, and what follows them, until disposed. */
export async function startWorkers(deps: StagingDeps, concurrency: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  if (concurrency > 0) {
    stack.use(await deps.jobs.work<Order>(queues.jobs, { concurrency }, doRun(deps)));
    const errands = { concurrency: errandsAtOnce };
    stack.use(await deps.jobs.work<Errand>(queues.sweeps, errands, sweepFiles(deps)));
    stack.use(await deps.jobs.work<Errand>(queues.lineage, errands, recordJob(deps)));
  }
  return stack.move();
}
