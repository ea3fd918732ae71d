import type { LimitName, RateLimits } from "../../../edge/admission/limit.ts";
import { createLimitTable } from "../../../edge/admission/limit-table.ts";
import type { Limiter } from "../../../edge/admission/limiter.ts";
import { createLocalLimiter } from "../../../edge/admission/local-limiter.ts";

/** Large enough never to be reached. */
const wide = { tokens: 60_000, refillMs: 3_600_000, callsMax: 1_000 };

/** Rate limits that are never reached, except for the overridden ones. */
export function rateLimits(
  overrides: Partial<Record<LimitName, Partial<RateLimits[LimitName]>>> = {},
): RateLimits {
  return {
    address: { ...wide, ...overrides.address },
    user: { ...wide, ...overrides.user },
    "api-key": { ...wide, ...overrides["api-key"] },
    org: { ...wide, ...overrides.org },
  };
}

/** A limiter in memory whose clock the test advances. */
export function clockedLimiter(): { limiter: Limiter; clock: { nowMs: number } } {
  const clock = { nowMs: 1_000_000 };
  return { limiter: createLocalLimiter(createLimitTable(() => clock.nowMs)), clock };
}
