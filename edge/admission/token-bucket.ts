import type { Limit } from "./limit.ts";

// A bucket is one number, the time at which it will be full: tokens that are taken put it off, and time that passes makes
// up for it. Once that time is past, there is nothing to remember.

/** What sums of fractions may be off by, in milliseconds. */
const toleranceMs = 0.1;

/** How long a bucket takes to gain so many tokens, in milliseconds. */
export const gainMs = ({ tokens, refillMs }: Limit, count: number): number => (count * refillMs) / tokens;

/** How long until a bucket has so many tokens, in milliseconds; 0 when it has. */
export function waitMsFor(limit: Limit, backlogMs: number, count: number): number {
  const waitMs = backlogMs + gainMs(limit, count) - limit.refillMs;
  return waitMs <= toleranceMs ? 0 : waitMs;
}

/** Whole tokens that are left, never more than a bucket holds. */
export function tokensLeft(limit: Limit, backlogMs: number): number {
  const left = Math.floor((limit.refillMs - backlogMs + toleranceMs) / gainMs(limit, 1));
  return Math.min(limit.tokens, Math.max(0, left));
}

/** The most that a bucket can owe: as much again as it holds, so that nobody is shut out for long. */
export const backlogMsMax = ({ refillMs }: Limit): number => 2 * refillMs;
