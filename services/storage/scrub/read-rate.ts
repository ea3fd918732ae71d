import { setTimeout as sleep } from "node:timers/promises";

/** Longest pause, in milliseconds: a stop ends it, and so does a new rate. */
const pauseMsMax = 60_000;
/** Time that reads may be behind the rate, in milliseconds: a pause in between is not made up for. */
const behindMsMax = 1_000;

/** Returns a function that takes the bytes of a read, and resolves when the next read keeps within the rate. */
export function createReadRate(
  bytesPerSecond: number,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): (bytes: number) => Promise<void> {
  let dueMs = now();
  return async (bytes) => {
    dueMs = Math.max(dueMs, now() - behindMsMax) + (bytes / bytesPerSecond) * 1000;
    const aheadMs = dueMs - now();
    if (aheadMs > 0) await sleep(Math.min(aheadMs, pauseMsMax), undefined, { signal });
  };
}
