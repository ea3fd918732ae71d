import { type CallLimit, createCallLimit } from "./call-limit.ts";
import { type Dial, dialCleartext } from "./connections/address.ts";
import { standardUpstreamLimits, type UpstreamLimits } from "./connections/limits.ts";
import { createPool, type Pool } from "./connections/pool.ts";
import { createRetryBudget, type RetryBudget } from "./retry-budget.ts";

/** A service that the edge calls. */
export type Upstream = Disposable & {
  readonly peer: string;
  readonly pool: Pool;
  readonly retryBudget: RetryBudget;
  readonly callLimit: CallLimit;
};

/** `target` is a comma-separated list of `host:port` and `unix:` paths. Connections are opened on use. */
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
    retryBudget: createRetryBudget(),
    callLimit: createCallLimit(all.callsMax),
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}
