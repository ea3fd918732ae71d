import type { VectorCollection } from "../../../gen/sluice/storage/v1/vectors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { type CollectionRow, findCollection, insertCollection } from "./collection-repository.ts";
import { toMetric } from "./vector-message.ts";
import type { VectorSearch } from "./vector-search.ts";

/** Creates a collection in a transaction. NotFound for its namespace; ResourceExhausted; violates `nameConstraint`. */
export async function createCollectionIn(
  tx: Db,
  vectorSearch: Pick<VectorSearch, "created">,
  scope: Scope,
  { name, dimension, metric, namespace }: VectorCollection,
): Promise<CollectionRow> {
  const collectionId = newId();
  const collection = { collectionId, name, dimension, metric: toMetric(metric), namespace };
  const row = await insertCollection(tx, scope, collection);
  await vectorSearch.created(tx, row);
  return (await findCollection(tx, scope, collectionId)) ?? row;
}
