import { type Dial, dialCleartext } from "./address.ts";
import { type Breaker, createBreaker } from "./breaker.ts";
import { type Budget, createBudget } from "./budget.ts";
import { standardUpstreamLimits, type UpstreamLimits } from "./limits.ts";
import { createPool, type Pool } from "./pool.ts";

/** A service behind the edge. */
export type Upstream = Disposable & {
  readonly peer: string;
  readonly pool: Pool;
  readonly budget: Budget;
  readonly breaker: Breaker;
};

/**
 * Reaches a service over HTTP/2 at a target: `host:port`, or `unix:` and a path, or several of them with commas between.
 * Connections are made when they are needed.
 */
export function createUpstream(
  peer: string,
  target: string,
  { limits = {}, dial = dialCleartext }: { limits?: Partial<UpstreamLimits>; dial?: Dial } = {},
): Upstream {
  const all = { ...standardUpstreamLimits, ...limits };
  const pool = createPool(target, { dial, limits: all });
  return {
    peer,
    pool,
    budget: createBudget(),
    breaker: createBreaker(all.callsMax),
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}
