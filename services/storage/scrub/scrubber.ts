import { runPeriodically } from "../../lib/process/run-periodically.ts";
import { runScrub, type ScrubDeps } from "./run-scrub.ts";
import { insertDueScrub } from "./scrub-repository.ts";

/** Runs scrubs, one at a time in all processes, until it is disposed. */
export type Scrubber = AsyncDisposable & {
  /** Looks for a scrub to run now. It also does from time to time. */
  wake(): void;
};

export type ScrubSchedule = {
  /** Time between the starts of two scrubs; 0 for none by schedule. */
  readonly intervalMs: number;
  readonly bytesPerSecond: number;
};

export function startScrubber(deps: ScrubDeps, schedule: ScrubSchedule): Scrubber {
  const { db, log, limits } = deps;
  const stop = new AbortController();
  let wakeUp = new AbortController();
  const failureText = "a scrub failed: the next attempt continues it";
  const loop = async () => {
    while (!stop.signal.aborted) {
      wakeUp = new AbortController();
      await runPeriodically(
        {
          pauseMs: limits.scrubPollMs,
          stop: AbortSignal.any([stop.signal, wakeUp.signal]),
          log,
          failureText,
        },
        async () => {
          const { intervalMs, bytesPerSecond } = schedule;
          const due = { scheduled: true, creatorUserId: null, bytesPerSecond };
          if (intervalMs > 0) await insertDueScrub(db, due, intervalMs);
          await runScrub(deps, stop.signal);
        },
      );
    }
  };
  const running = loop();
  return {
    wake: () => wakeUp.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
