import { setTimeout as sleep } from "node:timers/promises";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { CacheEntry, CacheKey, CacheStore } from "./cache-store.ts";

/** Pauses between two looks at a lease, in milliseconds: the shortest after a change, the longest after a while. */
const pauseMs = { shortest: 10, longest: 200 };

type LeaseRequest = {
  readonly waitMs: number;
  readonly leaseMs: number;
  readonly signal: AbortSignal;
};

/** The entry, the lease to compute it, or undefined when the wait is over. */
type Leased = CacheEntry | { readonly leaseId: string } | undefined;

/** Gives each missing entry to one caller to compute; the others wait. */
export type EntryLeases = { lease(key: CacheKey, request: LeaseRequest): Promise<Leased> };

/** All waiting calls of this process for a key share one look at its lease. */
export function createEntryLeases(store: CacheStore): EntryLeases {
  const watches = new Map<string, Watch>();
  const watch = (key: CacheKey): Watch => {
    const name = JSON.stringify([key.orgId, key.namespace, key.key]);
    const known = watches.get(name);
    if (known) return known;
    // The watch outlives the call that starts it: others wait for it longer.
    const started = outsideCalls(() => startWatch(store, key, () => watches.delete(name)));
    watches.set(name, started);
    return started;
  };
  return {
    async lease(key, { waitMs, leaseMs, signal }) {
      const over = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
      for (;;) {
        const leased = await entryOrLease(store, key, leaseMs, signal);
        if (leased || over.aborted) return leased;
        await watch(key).wait(over);
        signal.throwIfAborted();
      }
    },
  };
}

async function entryOrLease(
  store: CacheStore,
  key: CacheKey,
  leaseMs: number,
  signal: AbortSignal,
): Promise<Leased> {
  const entry = await store.get(key);
  if (entry) return entry;
  const leaseId = await store.lease(key, leaseMs);
  if (leaseId === undefined) return undefined;
  // Others would wait for a caller that has left.
  const giveBack = () => outsideCalls(() => store.endLease(key, leaseId));
  try {
    // The one who computed it may have set it since.
    const set = await store.get(key);
    signal.throwIfAborted();
    if (set) await store.endLease(key, leaseId);
    return set ?? { leaseId };
  } catch (error) {
    await giveBack();
    throw error;
  }
}

type Watch = {
  /** Resolves when the lease has ended, or `over` aborts. Rejects when the store fails. */
  wait(over: AbortSignal): Promise<void>;
};

/** Looks at a lease until it has ended or nobody waits any more. */
function startWatch(store: CacheStore, key: CacheKey, ended: () => void): Watch {
  let waiting = 0;
  const poll = async (): Promise<void> => {
    let pause = pauseMs.shortest;
    do {
      await sleep(pause);
      pause = Math.min(2 * pause, pauseMs.longest);
    } while (waiting > 0 && (await store.isLeased(key)));
  };
  const polling = poll().finally(ended);
  polling.catch(() => {
    // Reported to each call that waits.
  });
  return {
    async wait(over) {
      waiting += 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      over.addEventListener("abort", () => resolve(), { once: true });
      try {
        if (!over.aborted) await Promise.race([polling, promise]);
      } finally {
        waiting -= 1;
        resolve();
      }
    },
  };
}
