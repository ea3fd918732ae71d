import { setTimeout as delay } from "node:timers/promises";

/** Pause between two readings: short at first, because most things end soon. */
const pauseMs = { first: 50, growth: 1.5, max: 500 };

/** Reads until the value is the wanted one or `waitMs` are over, and answers what was read last. */
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
