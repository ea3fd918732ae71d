import type { Db } from "../../../lib/database/database.ts";
import type { Semaphore } from "../../../lib/process/semaphore.ts";
import { outsideCalls } from "../../../lib/rpc/call.ts";
import { type CollectionRow, findCollection } from "../collection-repository.ts";
import { compareNear, type Near } from "../nearness.ts";
import type { SearchEngine } from "../search-engine.ts";
import { searchBusy } from "../vector-errors.ts";
import { listDeleted, readWritten, type StoredVector } from "../vector-repository.ts";
import { createCachedCollections } from "./cached-collections.ts";
import { kernelBytesMax, strideOf } from "./kernel.ts";
import { createSearchThread } from "./search-thread.ts";
import type { Query, VectorBatch } from "./vector-columns.ts";

/** Values that are read at a time, in bytes. */
const batchBytes = 4 * 1024 * 1024;
/** Estimate of what a vector takes beside its values, in bytes. */
const besideBytes = 300;
/** Searches that may wait for the thread. */
const pendingMax = 256;
/** Attempts to search a collection in memory: others can push it out before the thread gets to it. */
const attemptsMax = 3;

/**
 * Compares every vector, in a thread. Collections stay in memory, up to `cacheBytes` together; before each search the
 * changes since the last one are read, so that it sees what other processes have written.
 */
export function createExactEngine(
  db: Db,
  { cacheBytes, longTransactions }: { readonly cacheBytes: number; readonly longTransactions: Semaphore },
): SearchEngine & AsyncDisposable {
  const thread = createSearchThread(() => cached.clear());
  const cached = createCachedCollections(cacheBytes, (collectionId) => thread.drop(collectionId));

  const snapshot = <T>(read: (tx: Db) => Promise<T>): Promise<T> =>
    longTransactions(() => inSnapshot(db, read));

  /** Reads what has changed since the revision that the memory has. */
  async function refresh(collectionId: string, owner: Owner): Promise<void> {
    const entry = cached.get(collectionId, owner.orgId);
    await snapshot(async (tx) => {
      const collection = await findCollection(tx, owner, collectionId);
      // It is deleted: what is in memory is as it was before.
      if (!collection) {
        entry.revision = Number.POSITIVE_INFINITY;
        entry.isComplete = true;
        return;
      }
      if (entry.revision < collection.forgottenRevision) {
        thread.drop(collectionId);
        entry.revision = 0;
        entry.isComplete = false;
      }
      const request = { key: collectionId, shape: shapeOf(collection) };
      const removed = entry.isComplete ? await listDeleted(tx, collection, entry.revision) : [];
      cached.setBytes(entry, await thread.apply({ ...request, removed, batch: emptyBatch() }));
      for await (const rows of readWritten(tx, collection, entry.revision, batchBytes)) {
        const batch = toBatch(rows, collection.dimension);
        cached.setBytes(entry, await thread.apply({ ...request, removed: [], batch }));
      }
      entry.revision = collection.revision;
      entry.isComplete = true;
    });
  }

  /** Compares vectors while they are read, without keeping them. */
  async function searchThrough(collection: CollectionRow, query: Query): Promise<Near[]> {
    return snapshot(async (tx) => {
      let found: Near[] = [];
      for await (const rows of readWritten(tx, collection, 0, 4 * batchBytes)) {
        const batch = toBatch(rows, collection.dimension);
        found.push(...(await thread.scan({ shape: shapeOf(collection), batch, query })));
        found = found.sort(compareNear).slice(0, query.k);
      }
      return found;
    });
  }

  return {
    async created() {},
    async upserted() {},
    async deleted() {},
    async dropped() {},
    serves: () => true,
    async search(collection, query) {
      if (thread.pendingCount() >= pendingMax) throw searchBusy();
      const { collectionId, orgId, dimension, vectorCount, revision } = collection;
      const bytes = vectorCount * (strideOf(dimension) + besideBytes);
      if (bytes > Math.min(cacheBytes, kernelBytesMax)) return searchThrough(collection, query);
      const owner: Owner = { orgId, namespaces: "all" };
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        await cached.upTo(collectionId, orgId, revision, () =>
          // Other calls wait for it, too: it goes on if this one is cancelled.
          outsideCalls(() => refresh(collectionId, owner)),
        );
        const found = await thread.search({ key: collectionId, query });
        if (found) return found;
      }
      return searchThrough(collection, query);
    },
    [Symbol.asyncDispose]: () => thread[Symbol.asyncDispose](),
  };
}

type Owner = Parameters<typeof findCollection>[1];

const shapeOf = ({ dimension, metric }: CollectionRow) => ({ dimension, metric });

/** A transaction whose statements all see the same state. */
const inSnapshot = <T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> =>
  db.transaction(work, { isolationLevel: "repeatable read", accessMode: "read only" });

const emptyBatch = (): VectorBatch => ({ ids: [], metadata: [], values: new Float32Array(0) });

function toBatch(rows: readonly StoredVector[], dimension: number): VectorBatch {
  const values = new Float32Array(rows.length * dimension);
  const bytes = Buffer.from(values.buffer);
  for (const [index, row] of rows.entries()) row.values.copy(bytes, index * dimension * 4);
  return {
    ids: rows.map(({ vectorId }) => vectorId),
    metadata: rows.map(({ metadataJson }) => metadataJson),
    values,
  };
}
