import type { ConnectError } from "@connectrpc/connect";
import { callDeadlinePassed, timedOut } from "../errors.ts";
import { leastRemaining, type TimeLimit } from "../timing/time-limit.ts";

export type LimitTimerOptions = {
  /** For people, as `the statement`. */
  readonly subject: string;
  readonly limits: readonly TimeLimit[];
  /** Whether the limits count the wait for a permit, too. The deadline of the call always does. */
  readonly countsWait?: boolean;
};

/** The least of the limits and the deadline of the call, from now on. */
export type LimitTimer = Disposable & {
  /** Begins the limits that do not count the wait; answers the time that is left, in milliseconds. */
  start(waitedMs: number): number;
};

/** How much earlier than the call its work ends, in milliseconds, so that the answer that says why still arrives. */
const answerMarginMs = 100;
/** Longest delay of a timer. */
const delayMaxMs = 2 ** 31 - 1;

/** Calls `expire` with the error for the caller when the first limit is reached. */
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
      if (setBy === "caller") return elapsedMs + Math.min(answerMarginMs, ms / 10);
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
