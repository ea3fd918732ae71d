import type { Batch } from "./store.ts";

/** Permits that this process holds in a store, and the changes that the store has not been sent. */
export type HeldPermits = {
  add(key: string): void;
  remove(key: string): void;
  /** Returns the unsent changes, and marks them as sent. */
  changes(): Batch["held"];
  readonly hasChanges: boolean;
  /** Marks these and all held permits as unsent. */
  resend(keys?: Iterable<string>): void;
};

export function createHeldPermits(): HeldPermits {
  const held = new Map<string, number>();
  const unsent = new Set<string>();
  return {
    add(key) {
      held.set(key, (held.get(key) ?? 0) + 1);
    },
    remove(key) {
      const permits = (held.get(key) ?? 0) - 1;
      if (permits > 0) held.set(key, permits);
      else held.delete(key);
      unsent.add(key);
    },
    changes() {
      const changes = [...unsent].map((key) => ({ key, permits: held.get(key) ?? 0 }));
      unsent.clear();
      return changes;
    },
    get hasChanges() {
      return unsent.size > 0;
    },
    resend(keys = []) {
      for (const key of keys) unsent.add(key);
      for (const key of held.keys()) unsent.add(key);
    },
  };
}
