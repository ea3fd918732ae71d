import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../telemetry/log.ts";

/**
 * Does some work now, and again and again with a pause in between, until `stop` aborts. A round that fails is told of in
 * the log with `failureText`, and the next one goes on.
 */
export async function workInRounds(
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
