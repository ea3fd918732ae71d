/** A limit of time, and who set it. */
export type TimeLimit = {
  readonly ms: number;
  readonly setBy: "caller" | "request" | "default" | "server";
};

export type Remaining = { readonly limit: TimeLimit; readonly leftMs: number };

/** The limit that ends the work; the first of equal ones. `usedMs` is what is gone of a limit. */
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

/** A time for people: whole milliseconds, seconds or whole minutes. */
export function formatTime(ms: number): string {
  const seconds = Math.round(ms / 100) / 10;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  const isMinutes = seconds > secondsPerMinute && seconds % secondsPerMinute === 0;
  return isMinutes ? `${seconds / secondsPerMinute} min` : `${seconds} s`;
}
