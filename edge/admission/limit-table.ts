import { LRUCache } from "lru-cache";
import { isGranted, type LimitRequest, type LimitState } from "./limit.ts";
import type { Batch } from "./store.ts";
import { backlogMsMax, gainMs, waitMsFor } from "./token-bucket.ts";

/** Buckets in memory. The least recently used ones are evicted, which makes them full again. */
const bucketsMax = 100_000;

/** Buckets and permits in memory. Permits are counted by holder, so that those of a process that died can be released. */
export type LimitTable = {
  /** Acquires all tokens and permits, or none. */
  acquire(holder: string, requests: readonly LimitRequest[]): LimitState[];
  charge(request: LimitRequest): void;
  setPermits(holder: string, key: string, permits: number): void;
  addPermits(holder: string, key: string, permits: number): void;
  /** Releases all permits of a holder. */
  release(holder: string): void;
  /** Number of buckets, and of keys with permits. */
  size(): number;
};

/** `now` is a clock in milliseconds with any origin. */
export function createLimitTable(now: () => number = () => performance.now()): LimitTable {
  const fullAtMs = new LRUCache<string, number>({ max: bucketsMax });
  const permitsByKey = new Map<string, Map<string, number>>();
  const backlogOf = (key: string, nowMs: number): number => Math.max(0, (fullAtMs.get(key) ?? 0) - nowMs);
  const table: LimitTable = {
    acquire(holder, requests) {
      const nowMs = now();
      const states = requests.map((request): LimitState => {
        const backlogMs = backlogOf(request.key, nowMs);
        const isBusy = sum(permitsByKey.get(request.key)) >= request.callsMax;
        return { backlogMs, waitMs: waitMsFor(request, backlogMs, request.cost), isBusy };
      });
      if (!states.every(isGranted)) return states;
      return requests.map((request, at) => {
        const backlogMs = (states[at]?.backlogMs ?? 0) + gainMs(request, request.cost);
        fullAtMs.set(request.key, nowMs + backlogMs);
        table.addPermits(holder, request.key, 1);
        return { backlogMs, waitMs: 0, isBusy: false };
      });
    },
    charge(request) {
      const nowMs = now();
      const owedMs = backlogOf(request.key, nowMs) + gainMs(request, request.cost);
      fullAtMs.set(request.key, nowMs + Math.min(owedMs, backlogMsMax(request)));
    },
    setPermits(holder, key, permits) {
      const holders = permitsByKey.get(key) ?? new Map<string, number>();
      if (permits > 0) holders.set(holder, permits);
      else holders.delete(holder);
      if (holders.size > 0) permitsByKey.set(key, holders);
      else permitsByKey.delete(key);
    },
    addPermits: (holder, key, permits) =>
      table.setPermits(holder, key, (permitsByKey.get(key)?.get(holder) ?? 0) + permits),
    release(holder) {
      for (const key of [...permitsByKey.keys()]) table.setPermits(holder, key, 0);
    },
    size: () => fullAtMs.size + permitsByKey.size,
  };
  return table;
}

function sum(holders: ReadonlyMap<string, number> | undefined): number {
  let permits = 0;
  if (holders) for (const held of holders.values()) permits += held;
  return permits;
}

/** Applies a batch as a store does, but permits have no lease: the caller releases those of a process that died. */
export function applyBatch(table: LimitTable, batch: Batch): LimitState[][] {
  for (const { key, permits } of batch.held) table.setPermits(batch.holder, key, permits);
  for (const request of batch.charges) table.charge(request);
  return batch.calls.map((requests) => table.acquire(batch.holder, requests));
}
