import { setTimeout as delay } from "node:timers/promises";

/** Polling interval. It starts short because most work ends soon. */
const pauseMs = { first: 50, growth: 1.5, max: 500 };

/** Polls until the value is the wanted one or `waitMs` have passed. Returns the last value. */
export async function readUntil<T>(
  read: () => Promise<T>,
  wanted: (value: T) => boolean,
  { waitMs, signal }: { waitMs: number; signal: AbortSignal },
): Promise<T> {
  const endMs = performance.now() + waitMs;
  let nextMs = pauseMs.first;
  for (;;) {
    const value = await read();
    const leftMs = endMs - performance.now();
    if (wanted(value) || leftMs <= 0) return value;
    await delay(Math.min(nextMs, leftMs), undefined, { signal });
    nextMs = Math.min(nextMs * pauseMs.growth, pauseMs.max);
  }
}
