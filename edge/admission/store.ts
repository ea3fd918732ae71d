import type { LimitRequest, LimitState } from "./limit.ts";

/** What one process sends to a store at a time. */
export type Batch = {
  /** Unique id of the process. */
  readonly holder: string;
  /** Permits that the process holds, for the keys whose number has changed since the last batch. */
  readonly held: readonly { readonly key: string; readonly permits: number }[];
  readonly charges: readonly LimitRequest[];
  /** The requests of each call. */
  readonly calls: readonly (readonly LimitRequest[])[];
  /** Lease of the process's permits: they expire if no batch renews them, in milliseconds. */
  readonly leaseMs: number;
};

/** A connection to a store in which several processes count together. */
export type Store = AsyncDisposable & {
  /** Applies a batch atomically. Returns the limit states of each call. */
  apply(batch: Batch): Promise<LimitState[][]>;
};

/** Rejects if the store can't be reached. */
export type OpenStore = () => Promise<Store>;
