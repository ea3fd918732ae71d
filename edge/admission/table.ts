import { LRUCache } from "lru-cache";
import { type Ask, isOpen, type Standing, type Turn } from "./limit.ts";
import { backlogMsMax, gainMs, waitMsFor } from "./token-bucket.ts";

/** Buckets that are remembered. Those that were not asked for longest are forgotten, and so are full again. */
const bucketsMax = 100_000;

/** Buckets and places in memory. */
export type Table = {
  /** Takes all that a turn asks for, its places for this holder, or nothing. */
  take(holder: string, turn: Turn): Standing[];
  charge(ask: Ask): void;
  /** Says how many places of a key a holder has. */
  hold(holder: string, key: string, calls: number): void;
  /** Adds to the places that a holder has. */
  add(holder: string, key: string, calls: number): void;
  /** Gives back all that a holder has. */
  release(holder: string): void;
  /** Buckets and keys with places that are remembered. */
  size(): number;
};

/** `now` is a clock in milliseconds, from any beginning. */
export function createTable(now: () => number = () => performance.now()): Table {
  const fullAtMs = new LRUCache<string, number>({ max: bucketsMax });
  const places = new Map<string, Map<string, number>>();
  const backlogOf = (key: string, nowMs: number): number => Math.max(0, (fullAtMs.get(key) ?? 0) - nowMs);
  const table: Table = {
    take(holder, turn) {
      const nowMs = now();
      const standings = turn.map((ask): Standing => {
        const backlogMs = backlogOf(ask.key, nowMs);
        const isBusy = sum(places.get(ask.key)) >= ask.callsMax;
        return { backlogMs, waitMs: waitMsFor(ask, backlogMs, ask.cost), isBusy };
      });
      if (!standings.every(isOpen)) return standings;
      return turn.map((ask, at) => {
        const backlogMs = (standings[at]?.backlogMs ?? 0) + gainMs(ask, ask.cost);
        fullAtMs.set(ask.key, nowMs + backlogMs);
        table.add(holder, ask.key, 1);
        return { backlogMs, waitMs: 0, isBusy: false };
      });
    },
    charge(ask) {
      const nowMs = now();
      const owedMs = backlogOf(ask.key, nowMs) + gainMs(ask, ask.cost);
      fullAtMs.set(ask.key, nowMs + Math.min(owedMs, backlogMsMax(ask)));
    },
    hold(holder, key, calls) {
      const holders = places.get(key) ?? new Map<string, number>();
      if (calls > 0) holders.set(holder, calls);
      else holders.delete(holder);
      if (holders.size > 0) places.set(key, holders);
      else places.delete(key);
    },
    add: (holder, key, calls) => table.hold(holder, key, (places.get(key)?.get(holder) ?? 0) + calls),
    release(holder) {
      for (const key of [...places.keys()]) table.hold(holder, key, 0);
    },
    size: () => fullAtMs.size + places.size,
  };
  return table;
}

function sum(holders: ReadonlyMap<string, number> | undefined): number {
  let calls = 0;
  if (holders) for (const held of holders.values()) calls += held;
  return calls;
}
