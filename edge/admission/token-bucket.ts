import type { Limit } from "./limit.ts";

// A bucket is one number: the time at which it will be full. Spending tokens moves that time into the future. A bucket that
// is full needs no memory.

/** Tolerance for rounding errors, in milliseconds. */
const toleranceMs = 0.1;

/** Time in which a bucket gains `count` tokens, in milliseconds. */
export const gainMs = ({ tokens, refillMs }: Limit, count: number): number => (count * refillMs) / tokens;

/** Time until a bucket has `count` tokens, in milliseconds. */
export function waitMsFor(limit: Limit, backlogMs: number, count: number): number {
  const waitMs = backlogMs + gainMs(limit, count) - limit.refillMs;
  return waitMs <= toleranceMs ? 0 : waitMs;
}

/** Whole tokens, at most the bucket's capacity. */
export function tokensLeft(limit: Limit, backlogMs: number): number {
  const left = Math.floor((limit.refillMs - backlogMs + toleranceMs) / gainMs(limit, 1));
  return Math.min(limit.tokens, Math.max(0, left));
}

/** A bucket's debt is at most its capacity, so that no caller is locked out for long. */
export const backlogMsMax = ({ refillMs }: Limit): number => 2 * refillMs;
