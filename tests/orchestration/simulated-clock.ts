import type { Clock } from "../../services/orchestration/timing/clock.ts";

export type SimulatedClock = Clock & {
  /** Runs all timers due until a time, in order. */
  runUntil(timeMs: number): void;
};

type Timer = { readonly atMs: number; readonly work: () => void };

/** A clock that a test advances. */
export function simulatedClock(): SimulatedClock {
  let nowMs = 0;
  /** Sorted descending: the next timer is last. */
  const timers: Timer[] = [];
  return {
    now: () => nowMs,
    after(delayMs, work) {
      const timer = { atMs: nowMs + delayMs, work };
      timers.splice(positionOf(timers, timer.atMs), 0, timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    runUntil(timeMs) {
      for (let next = timers.at(-1); next && next.atMs <= timeMs; next = timers.at(-1)) {
        timers.pop();
        nowMs = next.atMs;
        next.work();
      }
      nowMs = Math.max(nowMs, timeMs);
    },
  };
}

/** Position of a timer in the descending order. Older timers of the same time come after it, so they run first. */
function positionOf(timers: readonly Timer[], atMs: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timers[middle]?.atMs ?? 0) > atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
