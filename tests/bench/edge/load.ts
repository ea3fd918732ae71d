import { setTimeout as pause } from "node:timers/promises";
import type { Connect } from "./callers.ts";

/** Each caller calls again as soon as it is answered, until the time is over. Answers how many calls were made. */
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

/** As many calls a second, however long each takes. */
export type ReadTimeout = { readonly callsPerSecond: number; readonly forMs: number };

/**
 * Makes calls when they are due, and answers how long each took, in milliseconds: a call that is due while every caller
 * waits for an answer has begun to count.
 */
export async function keepPace(connect: Connect, port: number, pace: ReadTimeout): Promise<number[]> {
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

/** Each call's time, when it has come. Timers come late by a millisecond, which is no fault of what is called. */
async function* dueTimes({ callsPerSecond, forMs }: ReadTimeout): AsyncGenerator<number, void> {
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
