/** The place of an entry. */
export type CacheKey = { readonly orgId: string; readonly namespace: string; readonly key: string };

export type CacheNamespace = Omit<CacheKey, "key">;

export type CacheEntry = {
  readonly value: Uint8Array;
  /** A UUID, new with each change of the value. */
  readonly etag: string;
  readonly expireTime: Date;
};

type CacheChange = {
  readonly value: Uint8Array;
  readonly ttlMs: number;
  /** Sets the entry only if it has this etag. */
  readonly etag?: string;
  readonly onlyIfAbsent: boolean;
  /** The lease that ends with this change. */
  readonly leaseId?: string;
};

export type CacheUsage = { readonly usedBytes: number; readonly entryCount: number };

/** Result of `set`: `exists` and `changed` are conditions that failed. */
export type SetOutcome = CacheEntry | "exists" | "changed";

/** Result of `increment`; `notInteger` if the value or the sum is no integer of 64 bits. */
type IncrementOutcome = { readonly sum: bigint; readonly expireTime: Date } | "notInteger";

/**
 * Entries that may be gone at any time. An expired entry is as good as none. Each method is atomic, also with those of other
 * processes.
 *
 * - Limit: the entries of an organisation take at most its limit. The least recently used go first, and never those of
 *   another organisation.
 * - Errors: cacheUnavailable within a second while the store does not answer; namespaceNotFound for a new entry in a
 *   namespace that is being deleted.
 */
export type CacheStore = AsyncDisposable & {
  /** Limit of each organisation, in bytes. */
  readonly limitBytes: number;
  get(key: CacheKey): Promise<CacheEntry | undefined>;
  set(key: CacheKey, change: CacheChange): Promise<SetOutcome>;
  /** Adds to an integer; `ttlMs` is that of a new entry. */
  increment(key: CacheKey, delta: bigint, ttlMs: number): Promise<IncrementOutcome>;
  delete(key: CacheKey): Promise<void>;
  /** Deletes entries by the beginning of their keys. Returns their number. */
  deletePrefix(owner: CacheNamespace, prefix: string): Promise<number>;
  usage(orgId: string): Promise<CacheUsage>;
  /** The new lease; undefined while there is another one. */
  lease(key: CacheKey, leaseMs: number): Promise<string | undefined>;
  isLeased(key: CacheKey): Promise<boolean>;
  endLease(key: CacheKey, leaseId: string): Promise<void>;
};

/** What an entry counts for in the limit, besides its key and value. The contract states it. */
const overheadBytes = 100;

export const sizeOf = ({ namespace, key }: CacheKey, value: Uint8Array): number =>
  Buffer.byteLength(namespace) + Buffer.byteLength(key) + value.length + overheadBytes;

/** Space that an organisation's eviction leaves free, so that the next entries need none. */
export const roomOf = (limitBytes: number): number => Math.floor(limitBytes / 20);

const integerForm = /^(0|-?[1-9]\d{0,18})$/;
const integerMin = -(2n ** 63n);
const integerMax = 2n ** 63n - 1n;

/** The sum of a value and `delta`; undefined if one of them is no integer of 64 bits. A missing value is 0. */
export function sumOf(value: Uint8Array | undefined, delta: bigint): bigint | undefined {
  const digits = value === undefined ? "0" : Buffer.from(value).toString("latin1");
  if (!integerForm.test(digits)) return undefined;
  const sum = BigInt(digits) + delta;
  return BigInt(digits) >= integerMin && sum >= integerMin && sum <= integerMax ? sum : undefined;
}
