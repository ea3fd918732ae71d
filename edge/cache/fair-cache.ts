/** Cached values, whose owners share the memory fairly. */
export type FairCache<Value> = {
  get(owner: string, key: string): Value | undefined;
  set(
    owner: string,
    key: string,
    entry: { readonly value: Value; readonly bytes: number; readonly untilMs: number },
  ): void;
  /** Bytes of all entries. */
  bytes(): number;
};

type Entry<Value> = { readonly value: Value; readonly bytes: number; readonly untilMs: number };
type Owned<Value> = { bytes: number; readonly entries: Map<string, Entry<Value>> };

/** Memory of an entry beside its value, in bytes. */
const overheadBytes = 400;
/** The largest entry, as a part of the whole cache. */
const entryPart = 1 / 8;

/**
 * At most `bytesMax` bytes. If there is no room, the owner that has most loses the entry that it has not used for longest, so
 * that one organisation can't displace the entries of the others.
 */
export function createFairCache<Value>(bytesMax: number, now: () => number = Date.now): FairCache<Value> {
  const owners = new Map<string, Owned<Value>>();
  let total = 0;
  const remove = (owner: string, owned: Owned<Value>, key: string) => {
    const { bytes = 0 } = owned.entries.get(key) ?? {};
    owned.entries.delete(key);
    owned.bytes -= bytes;
    total -= bytes;
    if (owned.entries.size === 0) owners.delete(owner);
  };
  const removeOne = () => {
    const [owner, owned] = [...owners].reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most));
    for (const key of owned.entries.keys()) return remove(owner, owned, key);
  };
  return {
    get(owner, key) {
      const owned = owners.get(owner);
      const entry = owned?.entries.get(key);
      if (!owned || !entry) return undefined;
      if (entry.untilMs <= now()) {
        remove(owner, owned, key);
        return undefined;
      }
      // A Map keeps the order in which its keys were set.
      owned.entries.delete(key);
      owned.entries.set(key, entry);
      return entry.value;
    },
    set(owner, key, { value, bytes, untilMs }) {
      const size = bytes + overheadBytes;
      if (size > bytesMax * entryPart) return;
      const before = owners.get(owner);
      if (before?.entries.has(key)) remove(owner, before, key);
      const owned = owners.get(owner) ?? { bytes: 0, entries: new Map() };
      owners.set(owner, owned);
      owned.entries.set(key, { value, bytes: size, untilMs });
      owned.bytes += size;
      total += size;
      while (total > bytesMax) removeOne();
    },
    bytes: () => total,
  };
}
