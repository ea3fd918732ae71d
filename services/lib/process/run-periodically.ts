import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../telemetry/log.ts";

/**
 * Runs `work` now and after each pause until `stop` aborts. A failure is logged with `failureText` and does not end
 * the loop.
 */
export async function runPeriodically(
  options: {
    readonly pauseMs: number;
    readonly stop: AbortSignal;
    readonly log: Logger;
    readonly failureText: string;
  },
  work: () => Promise<unknown>,
): Promise<void> {
  const { pauseMs, stop, log, failureText } = options;
  while (!stop.aborted) {
    try {
      await work();
    } catch (error) {
      log.warn({ err: error }, failureText);
    }
    await sleep(pauseMs, undefined, { signal: stop }).catch(() => {});
  }
}
