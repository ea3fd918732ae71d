/** A time limit and its origin. */
export type TimeLimit = {
  readonly ms: number;
  readonly setBy: "caller" | "request" | "default" | "server";
};

export type Remaining = { readonly limit: TimeLimit; readonly leftMs: number };

/** The limit reached first, and the first of equal ones. `usedMs` returns the time already used of a limit. */
export function leastRemaining(
  limits: readonly TimeLimit[],
  usedMs: (limit: TimeLimit) => number,
): Remaining | undefined {
  return limits
    .map((limit) => ({ limit, leftMs: Math.max(0, limit.ms - usedMs(limit)) }))
    .reduce<Remaining | undefined>(
      (least, one) => (least && least.leftMs <= one.leftMs ? least : one),
      undefined,
    );
}

const secondsPerMinute = 60;

/** Formats a duration as whole milliseconds, seconds with one decimal, or whole minutes. */
export function formatTime(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  const isMinutes = seconds > secondsPerMinute && seconds % secondsPerMinute === 0;
  return isMinutes ? `${seconds / secondsPerMinute} min` : `${seconds} s`;
}
