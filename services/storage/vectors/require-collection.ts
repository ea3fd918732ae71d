import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type CollectionRow, findCollection } from "./collection-repository.ts";
import { collectionNotFound } from "./vector-errors.ts";

/** A collection of the scope. NotFound. */
export async function requireCollection(db: Db, scope: Scope, collectionId: string): Promise<CollectionRow> {
  const row = await findCollection(db, scope, collectionId);
  if (!row) throw collectionNotFound(collectionId);
  return row;
}
