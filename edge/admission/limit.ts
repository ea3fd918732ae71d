/** What callers of one kind may do. */
export type Limit = {
  /** Tokens of a full bucket: what may be spent at once. */
  readonly tokens: number;
  /** How long an empty bucket takes to fill, in milliseconds. */
  readonly refillMs: number;
  /** Calls on their way at the same time, open streams included. */
  readonly callsMax: number;
};

/** Whom a limit holds for: an address, all tokens of a user, an API key, or an organisation. */
export type LimitName = "address" | "user" | "api-key" | "org";

export type RateLimits = Readonly<Record<LimitName, Limit>>;

/** The same owners' budgets of reads of files, whose tokens are bytes. */
export type ReadLimits = RateLimits;

/** A limit of calls, or one of reads. */
export type AskName = LimitName | `${LimitName}-reads`;

/** Tokens and a place for one call, of one of the limits that hold for it. */
export type Ask = Limit & {
  readonly name: AskName;
  /** Whose bucket it is. */
  readonly key: string;
  /** Tokens that the call takes. */
  readonly cost: number;
};

/** How things stand with an ask, after it was granted or refused. */
export type Standing = {
  /** How long until the bucket is full, in milliseconds. */
  readonly backlogMs: number;
  /** How long until there are tokens enough; 0 when there are. */
  readonly waitMs: number;
  /** Whether every place is taken. */
  readonly isBusy: boolean;
};

/** All of it is granted, or nothing is taken. */
export type Turn = readonly Ask[];

export const isOpen = ({ waitMs, isBusy }: Standing): boolean => waitMs === 0 && !isBusy;

/** Makes an ask. What costs more than a bucket holds would never be granted: it takes a full one. */
export function askOf(name: LimitName, limits: RateLimits, key: string, cost: number): Ask {
  const limit = limits[name];
  return { ...limit, name, key: `${name}:${key}`, cost: Math.min(cost, limit.tokens) };
}
