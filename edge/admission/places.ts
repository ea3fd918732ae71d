import type { Batch } from "./store.ts";

/** Places that this process has in a store, and what the store has not heard of yet. */
export type Places = {
  take(key: string): void;
  give(key: string): void;
  /** What has to be told, which then counts as told. */
  changes(): Batch["held"];
  readonly hasChanges: boolean;
  /** Has these told again, and all that are held. */
  tellAgain(keys?: Iterable<string>): void;
};

export function createPlaces(): Places {
  const held = new Map<string, number>();
  const changed = new Set<string>();
  return {
    take(key) {
      held.set(key, (held.get(key) ?? 0) + 1);
    },
    give(key) {
      const calls = (held.get(key) ?? 0) - 1;
      if (calls > 0) held.set(key, calls);
      else held.delete(key);
      changed.add(key);
    },
    changes() {
      const told = [...changed].map((key) => ({ key, calls: held.get(key) ?? 0 }));
      changed.clear();
      return told;
    },
    get hasChanges() {
      return changed.size > 0;
    },
    tellAgain(keys = []) {
      for (const key of keys) changed.add(key);
      for (const key of held.keys()) changed.add(key);
    },
  };
}
