import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { CollectionRow } from "./collection-repository.ts";
import type { Query } from "./exact/vector-columns.ts";
import type { Near } from "./nearness.ts";
import type { NewVector } from "./vector-repository.ts";

/**
 * Searches vectors. The table of vectors is the truth; an engine may keep more in the database, which it changes in the
 * transaction of each change, and in memory, which it brings up to date before each search.
 */
export type SearchEngine = {
  /** In the transaction that has created a collection. */
  created(tx: Db, collection: CollectionRow): Promise<void>;
  /** In the transaction that has inserted or replaced vectors. `collection` has the new revision. */
  upserted(tx: Db, collection: CollectionRow, vectors: readonly NewVector[]): Promise<void>;
  /** In the transaction that has deleted vectors, which are those of the new revision in the table of deleted vectors. */
  deleted(tx: Db, collection: CollectionRow): Promise<void>;
  /** In the transaction that has deleted the collection. */
  dropped(tx: Db, collection: CollectionRow): Promise<void>;
  /** Whether it can search the collection now. */
  serves(collection: CollectionRow): boolean;
  /** Finds up to `k` vectors, nearest first; fewer only if fewer match. */
  search(collection: CollectionRow, query: Query): Promise<Near[]>;
  /**
   * Searches a collection without its row, if the engine knows enough of it and can look at the row on the way. Undefined if
   * `search` has to be called, which also says why nothing can be found.
   */
  searchAtOnce?(scope: Scope, collectionId: string, query: QueryAtOnce): Promise<FoundAtOnce | undefined>;
};

/** Columns of a collection that never change. */
export type CollectionShape = Pick<CollectionRow, "orgId" | "collectionId" | "dimension" | "metric">;

type QueryAtOnce = Pick<Query, "k" | "filter"> & {
  /** The values of the query for a collection; undefined if they don't fit it. */
  valuesFor(shape: CollectionShape): Float32Array | undefined;
};

type FoundAtOnce = { readonly collection: CollectionShape; readonly found: Near[] };
