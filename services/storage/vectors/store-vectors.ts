import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { beginChange, type CollectionRow, endChange } from "./collection-repository.ts";
import { collectionNotFound, vectorLimitExceeded } from "./vector-errors.ts";
import { vectorsMax } from "./vector-limits.ts";
import { deleteVectors, type NewVector, type Selection, upsertVectors } from "./vector-repository.ts";
import type { VectorSearch } from "./vector-search.ts";

type Deps = { readonly db: Db; readonly vectorSearch: VectorSearch };

/** Inserts or replaces vectors in one transaction. NotFound; ResourceExhausted. */
export const storeVectors = (
  { db, vectorSearch }: Deps,
  scope: Scope,
  collectionId: string,
  vectors: readonly NewVector[],
): Promise<void> =>
  db.transaction(async (tx) => {
    const collection = await lockCollection(tx, vectorSearch, scope, collectionId);
    const added = await upsertVectors(tx, collection, vectors);
    await vectorSearch.upserted(tx, collection, vectors);
    const vectorCount = await endChange(tx, scope, collectionId, added);
    if (added > 0 && vectorCount > vectorsMax) throw vectorLimitExceeded("vectors", vectorsMax);
  });

/** Deletes vectors in one transaction, and returns how many there were. NotFound for the collection. */
export const removeVectors = (
  { db, vectorSearch }: Deps,
  scope: Scope,
  collectionId: string,
  selection: Selection,
): Promise<number> =>
  db.transaction(async (tx) => {
    const collection = await lockCollection(tx, vectorSearch, scope, collectionId);
    const deleted = await deleteVectors(tx, collection, selection);
    if (deleted === 0) return 0;
    await vectorSearch.deleted(tx, collection);
    await endChange(tx, scope, collectionId, -deleted);
    return deleted;
  });

async function lockCollection(
  tx: Db,
  { changesIndex }: VectorSearch,
  scope: Scope,
  collectionId: string,
): Promise<CollectionRow> {
  const collection = await beginChange(tx, scope, collectionId, changesIndex);
  if (!collection) throw collectionNotFound(collectionId);
  return collection;
}
