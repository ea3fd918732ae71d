/** Rate and concurrency limits of one kind of caller. */
export type Limit = {
  /** Capacity of the bucket: tokens that can be spent at once. */
  readonly tokens: number;
  /** Time in which an empty bucket fills, in milliseconds. */
  readonly refillMs: number;
  /** Concurrent calls, open streams included. */
  readonly callsMax: number;
};

/** Scope of a limit. All access tokens of a user share one. */
export type LimitName = "address" | "user" | "api-key" | "org";

export type RateLimits = Readonly<Record<LimitName, Limit>>;

/** Limits of file reads, whose tokens are bytes. */
export type ReadLimits = RateLimits;

/** A limit of calls, or one of file reads. */
export type PolicyName = LimitName | `${LimitName}-reads`;

/** The tokens and the permit that one call needs from one limit. */
export type LimitRequest = Limit & {
  readonly name: PolicyName;
  /** Identifies the bucket and the permits. */
  readonly key: string;
  /** Tokens. */
  readonly cost: number;
};

/** State of a limit after an acquisition. */
export type LimitState = {
  /** Time until the bucket is full, in milliseconds. */
  readonly backlogMs: number;
  /** Time until there are enough tokens, in milliseconds; 0 if there are. */
  readonly waitMs: number;
  /** Whether all permits are taken. */
  readonly isBusy: boolean;
};

export const isGranted = ({ waitMs, isBusy }: LimitState): boolean => waitMs === 0 && !isBusy;

/** The cost is capped at the bucket's size; a larger one could never be granted. */
export function limitRequest(name: LimitName, limits: RateLimits, key: string, cost: number): LimitRequest {
  const limit = limits[name];
  return { ...limit, name, key: `${name}:${key}`, cost: Math.min(cost, limit.tokens) };
}
