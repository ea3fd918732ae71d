import type { Db } from "../../lib/database/database.ts";
import type { Jobs } from "../../lib/jobs/jobs.ts";
import { runPeriodically } from "../../lib/process/run-periodically.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import type { Limits } from "../limits.ts";
import { takeDue } from "./schedule-repository.ts";

/** Work that a queue does periodically. */
export type Scheduled = {
  readonly queue: string;
  readonly everyMs: number;
};

type ScheduleDeps = {
  readonly db: Db;
  readonly jobs: Jobs;
  readonly log: Logger;
  readonly limits: Pick<Limits, "scheduleMs">;
};

/**
 * Enqueues each queue's job when it is due, until disposed. However many processes do this, one job is added each time, and
 * none while the former one waits or runs.
 */
export function startSchedule(
  { db, jobs, log, limits }: ScheduleDeps,
  scheduled: readonly Scheduled[],
): AsyncDisposable {
  const stop = new AbortController();
  const failureText = "periodic work was not enqueued: the next look tries again";
  const running = runPeriodically(
    { pauseMs: limits.scheduleMs, stop: stop.signal, log, failureText },
    async () => {
      for (const { queue, everyMs } of scheduled) {
        await db.transaction(async (tx) => {
          if (await takeDue(tx, queue, everyMs)) await jobs.enqueue(tx, queue, {}, { key: queue });
        });
      }
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
