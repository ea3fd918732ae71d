import { setTimeout as pause } from "node:timers/promises";
import type { Connect } from "./callers.ts";

/** Each caller repeats its call without a pause until the time is over. Returns the number of calls. */
export async function keepBusy(connect: Connect, port: number, forMs: number): Promise<number> {
  using connected = connect(port);
  const until = performance.now() + forMs;
  let calls = 0;
  await Promise.all(
    connected.callers.map(async (call) => {
      for (; performance.now() < until; calls += 1) await call();
    }),
  );
  return calls;
}

/** Calls per second, independent of their durations. */
export type Pace = { readonly callsPerSecond: number; readonly forMs: number };

/**
 * Makes calls at their due times. Returns their latencies in milliseconds, measured from the due time: waiting for a free caller
 * counts.
 */
export async function keepPace(connect: Connect, port: number, pace: Pace): Promise<number[]> {
  using connected = connect(port);
  const due = dueTimes(pace);
  const tookMs: number[] = [];
  await Promise.all(
    connected.callers.map(async (call) => {
      for await (const sinceMs of due) {
        await call();
        tookMs.push(performance.now() - sinceMs);
      }
    }),
  );
  return tookMs;
}

/** Yields due times. A timer may be a millisecond late, which must not count as latency. */
async function* dueTimes({ callsPerSecond, forMs }: Pace): AsyncGenerator<number, void> {
  const beganMs = performance.now();
  const count = (callsPerSecond * forMs) / 1000;
  let wokeMs = beganMs;
  for (let made = 0; made < count; made += 1) {
    const dueMs = beganMs + (made * 1000) / callsPerSecond;
    const aheadMs = dueMs - performance.now();
    if (aheadMs > 0) {
      await pause(aheadMs);
      wokeMs = performance.now();
    }
    yield Math.max(dueMs, wokeMs);
  }
}
