import type { Jobs } from "../lib/jobs/jobs.ts";
import type { StorageDeps } from "./deps.ts";
import { lifecycleQueue, runLifecycle } from "./lifecycle/run-lifecycle.ts";
import { recountAll, recountQueue } from "./quota/recount.ts";
import { startSchedule } from "./schedule/schedule.ts";

/** Starts the work that one process of the service does at a time, and its schedule, until disposed. */
export async function startWork(
  deps: Pick<StorageDeps, "db" | "log" | "limits" | "tiers"> & { readonly jobs: Jobs },
): Promise<AsyncDisposable> {
  const { db, jobs, limits } = deps;
  await using stack = new AsyncDisposableStack();
  const concurrency = 1;
  stack.use(await jobs.work(recountQueue, { concurrency }, (_job, signal) => recountAll(db, signal)));
  stack.use(await jobs.work(lifecycleQueue, { concurrency }, (_job, signal) => runLifecycle(deps, signal)));
  const scheduled = [
    { queue: recountQueue, everyMs: limits.recountMs },
    { queue: lifecycleQueue, everyMs: limits.lifecycleMs },
  ];
  stack.use(startSchedule(deps, scheduled));
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}
