/** A collection in the thread's memory. */
type CachedCollection = {
  readonly orgId: string;
  /** Revision whose vectors are in memory. */
  revision: number;
  /** False until it was read as a whole. */
  isComplete: boolean;
  bytes: number;
  /** Of the last use; larger is later. */
  usedAt: number;
  refreshing: Promise<void> | undefined;
};

/** What the thread holds, within a limit that organisations share. */
export type CachedCollections = {
  get(collectionId: string, orgId: string): CachedCollection;
  setBytes(entry: CachedCollection, bytes: number): void;
  /** Brings a collection up to a revision. Calls at the same time share one `refresh`. */
  upTo(collectionId: string, orgId: string, revision: number, refresh: () => Promise<void>): Promise<void>;
  clear(): void;
};

/** `drop` frees the memory of a collection. */
export function createCachedCollections(
  bytesMax: number,
  drop: (collectionId: string) => void,
): CachedCollections {
  const entries = new Map<string, CachedCollection>();
  let clock = 0;

  const totalBytes = () => [...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);

  /** The collection that was used longest ago of the organisation that has most, so that one can't push out the others. */
  function choose(): string | undefined {
    const bytesOf = new Map<string, number>();
    for (const { orgId, bytes } of entries.values()) bytesOf.set(orgId, (bytesOf.get(orgId) ?? 0) + bytes);
    const [chosen] = [...entries]
      .filter(([, { refreshing }]) => !refreshing)
      .sort(
        ([, one], [, other]) =>
          (bytesOf.get(other.orgId) ?? 0) - (bytesOf.get(one.orgId) ?? 0) || one.usedAt - other.usedAt,
      );
    return chosen?.[0];
  }

  function shrink(): void {
    while (totalBytes() > bytesMax) {
      const collectionId = choose();
      if (collectionId === undefined) return;
      entries.delete(collectionId);
      drop(collectionId);
    }
  }

  function get(collectionId: string, orgId: string): CachedCollection {
    const known = entries.get(collectionId);
    if (known) return known;
    const entry = { orgId, revision: 0, isComplete: false, bytes: 0, usedAt: 0, refreshing: undefined };
    entries.set(collectionId, entry);
    return entry;
  }

  return {
    get,
    setBytes(entry, bytes) {
      entry.bytes = bytes;
      shrink();
    },
    async upTo(collectionId, orgId, revision, refresh) {
      for (;;) {
        const entry = get(collectionId, orgId);
        clock += 1;
        entry.usedAt = clock;
        if (entry.isComplete && entry.revision >= revision) return;
        entry.refreshing ??= refresh().finally(() => {
          entry.refreshing = undefined;
        });
        await entry.refreshing;
      }
    },
    clear: () => entries.clear(),
  };
}
