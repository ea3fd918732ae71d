import type { Db } from "../../lib/database/database.ts";
import type { CollectionRow } from "./collection-repository.ts";
import type { Query } from "./exact/vector-columns.ts";
import type { Near } from "./nearness.ts";
import type { SearchEngine } from "./search-engine.ts";
import type { NewVector } from "./vector-repository.ts";

/** The engines as one: exact search always, and pgvector where the database has it. */
export type VectorSearch = {
  /** Whether changes change pgvector's tables, too. */
  readonly changesIndex: boolean;
  created(tx: Db, collection: CollectionRow): Promise<void>;
  upserted(tx: Db, collection: CollectionRow, vectors: readonly NewVector[]): Promise<void>;
  deleted(tx: Db, collection: CollectionRow): Promise<void>;
  dropped(tx: Db, collection: CollectionRow): Promise<void>;
  /** Whether pgvector serves a collection now. */
  isIndexed(collection: CollectionRow): boolean;
  search(collection: CollectionRow, query: Query): Promise<Near[]>;
  searchAtOnce: NonNullable<SearchEngine["searchAtOnce"]>;
};

export function createVectorSearch(exact: SearchEngine, index: SearchEngine | undefined): VectorSearch {
  const isIndexed = (collection: CollectionRow) => index?.serves(collection) ?? false;
  return {
    changesIndex: index !== undefined,
    created: async (tx, collection) => index?.created(tx, collection),
    upserted: async (tx, collection, vectors) => index?.upserted(tx, collection, vectors),
    deleted: async (tx, collection) => index?.deleted(tx, collection),
    dropped: async (tx, collection) => index?.dropped(tx, collection),
    isIndexed,
    searchAtOnce: async (...search) => index?.searchAtOnce?.(...search),
    search: (collection, query) => (index && isIndexed(collection) ? index : exact).search(collection, query),
  };
}
