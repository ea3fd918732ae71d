import type { Db } from "../../lib/database/database.ts";
import { deleteSomeCollections } from "./collection-repository.ts";
import type { VectorSearch } from "./vector-search.ts";

/** Collections per call: they share a transaction. */
const deletedMax = 100;

/** Deletes a part of the collections of a namespace. */
export async function clearCollections(
  tx: Db,
  vectorSearch: Pick<VectorSearch, "dropped">,
  { orgId, namespace }: { readonly orgId: string; readonly namespace: string },
): Promise<void> {
  const rows = await deleteSomeCollections(tx, { orgId, namespaces: [namespace] }, deletedMax);
  for (const row of rows) await vectorSearch.dropped(tx, row);
}
