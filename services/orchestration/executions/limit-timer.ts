import type { ConnectError } from "@connectrpc/connect";
import { callDeadlinePassed, timedOut } from "../errors.ts";
import { leastRemaining, type TimeLimit } from "../timing/time-limit.ts";

export type LimitTimerOptions = {
  /** Subject of the error message, such as `the statement`. */
  readonly subject: string;
  readonly limits: readonly TimeLimit[];
  /** Whether the limits include the wait for a permit. The call's deadline always does. Default: false. */
  readonly countsWait?: boolean;
};

/** Timer of the limit or call deadline that ends first. */
export type LimitTimer = Disposable & {
  /** Starts the limits that exclude the wait. Returns the time left, in milliseconds. */
  start(waitedMs: number): number;
};

/** The work ends this much before the call's deadline, so that the error still reaches the caller. */
const responseMarginMs = 100;
/** Longest delay that setTimeout takes. */
const delayMaxMs = 2 ** 31 - 1;

/** Calls `expire` with the error for the caller at the first limit. `callMs` is the call's timeout. */
export function startLimitTimer(
  { subject, limits, countsWait = false }: LimitTimerOptions,
  callMs: number | undefined,
  expire: (error: ConnectError) => void,
): LimitTimer {
  const begunMs = performance.now();
  const deadlines: TimeLimit[] = callMs === undefined ? [] : [{ ms: callMs, setBy: "caller" }];
  let timer: NodeJS.Timeout | undefined;
  const arm = (counted: readonly TimeLimit[], waitedMs: number | undefined): number => {
    clearTimeout(timer);
    const elapsedMs = performance.now() - begunMs;
    const least = leastRemaining([...counted, ...deadlines], ({ ms, setBy }) => {
      if (setBy === "caller") return elapsedMs + Math.min(responseMarginMs, ms / 10);
      return countsWait ? elapsedMs : 0;
    });
    if (!least) return delayMaxMs;
    const { limit, leftMs } = least;
    const end = () =>
      expire(limit.setBy === "caller" ? callDeadlinePassed(limit.ms) : timedOut(subject, limit, waitedMs));
    timer = setTimeout(end, Math.min(leftMs, delayMaxMs));
    return leftMs;
  };
  arm(countsWait ? limits : [], undefined);
  return {
    start: (waitedMs) => arm(limits, waitedMs),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
