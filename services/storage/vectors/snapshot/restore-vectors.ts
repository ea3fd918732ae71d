import type { VectorCollection } from "../../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { beginChange, type CollectionRow, endChange, findCollection } from "../collection-repository.ts";
import { createCollectionIn } from "../create-collection-in.ts";
import { collectionNotFound, snapshotInvalid, vectorLimitExceeded } from "../vector-errors.ts";
import { vectorsMax } from "../vector-limits.ts";
import { upsertVectors } from "../vector-repository.ts";
import type { VectorSearch } from "../vector-search.ts";
import { readSnapshot } from "./read-snapshot.ts";

/** Creates a collection with the vectors of a file, in the caller's transaction. */
export async function restoreVectors(
  tx: Db,
  vectorSearch: VectorSearch,
  scope: Scope,
  wanted: VectorCollection,
  chunks: AsyncIterable<Uint8Array>,
): Promise<CollectionRow> {
  const { collectionId } = await createCollectionIn(tx, vectorSearch, scope, wanted);
  const collection = await beginChange(tx, scope, collectionId, vectorSearch.changesIndex);
  if (!collection) throw collectionNotFound(collectionId);
  let total = 0;
  for await (const { vectors, lastLine } of readSnapshot(collection, chunks)) {
    const ids = new Set(vectors.map(({ vectorId }) => vectorId));
    const twice = "an id occurs twice in the lines up to this one";
    if (ids.size < vectors.length) throw snapshotInvalid(lastLine, twice);
    const added = await upsertVectors(tx, collection, vectors);
    if (added < vectors.length) throw snapshotInvalid(lastLine, twice);
    total += added;
    if (total > vectorsMax) throw vectorLimitExceeded("vectors", vectorsMax);
    await vectorSearch.upserted(tx, collection, vectors);
  }
  await endChange(tx, scope, collectionId, total);
  return (await findCollection(tx, scope, collectionId)) ?? collection;
}
