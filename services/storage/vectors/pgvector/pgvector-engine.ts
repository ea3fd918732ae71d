import { and, eq, type SQL, sql } from "drizzle-orm";
import { LRUCache } from "lru-cache";
import type { Db } from "../../../lib/database/database.ts";
import type { CollectionRow } from "../collection-repository.ts";
import type { Query } from "../exact/vector-columns.ts";
import { filterSql } from "../filter/filter-sql.ts";
import { compareNear, type Near, nearnessOf, normalized } from "../nearness.ts";
import type { CollectionShape, SearchEngine } from "../search-engine.ts";
import { findVectors, valuesOf } from "../vector-repository.ts";
import { deletedVectors, vectorCollections } from "../vector-schema.ts";
import { distanceFrom, isComplete, nearOf } from "./index-results.ts";
import {
  columnType,
  createTable,
  dropTable,
  embeddingOf,
  tableOf,
  typeOf,
  writeTable,
} from "./index-table.ts";
import { searchAtOnce } from "./search-at-once.ts";
import { searchListSize } from "./session-settings.ts";

/**
 * Rows beyond `k`, by attempt: equally near ones at the end of the results are put in order, half precision is made good. Each
 * row makes a filtered search look at several more, and most results end in no tie.
 */
const spareRows = { vector: [2, 16], halfvec: [16] } as const;
/** Most collections whose shape is remembered. */
const shapesMax = 10_000;
/** Longest list of candidates that pgvector keeps. */
const searchListMax = 1000;

/**
 * Searches by pgvector, in a table for each collection that is derived from the table of vectors. A process without it
 * leaves the table out of date: then exact search serves the collection until `maintainIndexes` has made the table anew.
 */
export function createPgvectorEngine(db: Db): SearchEngine {
  const shapes = new LRUCache<string, CollectionShape>({ max: shapesMax });
  const isCurrent = ({ indexRevision, revision }: CollectionRow) => indexRevision === revision;
  return {
    async created(tx, collection) {
      if (!typeOf(collection)) return;
      await createTable(tx, collection);
      await tx.update(vectorCollections).set({ indexRevision: collection.revision }).where(isOne(collection));
    },
    async upserted(tx, collection, vectors) {
      if (isCurrent(collection)) await writeTable(tx, collection, vectors);
    },
    async deleted(tx, collection) {
      if (!isCurrent(collection)) return;
      const { orgId, collectionId, revision } = collection;
      await tx.execute(sql`
        delete from ${tableOf(collection)} as indexed using ${deletedVectors} as gone
        where gone.org_id = ${orgId} and gone.collection_id = ${collectionId} and gone.revision = ${revision}
          and gone.vector_id = indexed.vector_id`);
    },
    dropped: dropTable,
    serves: (collection) => typeOf(collection) !== undefined && isCurrent(collection),
    search(collection, query) {
      if (collection.isIndexed && typeOf(collection) === "vector")
        shapes.set(collection.collectionId, collection);
      return search(db, collection, query);
    },
    async searchAtOnce(scope, collectionId, { k, filter, valuesFor }) {
      const shape = shapes.get(collectionId);
      const limit = k + spareRows.vector[0];
      if (shape?.orgId !== scope.orgId || limit > searchListSize) return undefined;
      const values = valuesFor(shape);
      const first = values && (await searchAtOnce(db, scope, shape, { values, filter, limit }));
      if (!first) return undefined;
      const { vectorCount } = first;
      return {
        collection: shape,
        found: await searchIndexed(db, { ...shape, vectorCount }, { values, k, filter }, first.found),
      };
    },
  };
}

export const isOne = ({ orgId, collectionId }: CollectionRow) =>
  and(eq(vectorCollections.orgId, orgId), eq(vectorCollections.collectionId, collectionId));

const search = (db: Db, collection: CollectionRow, query: Query): Promise<Near[]> =>
  collection.isIndexed
    ? searchIndexed(db, collection, query)
    : readNearest(db, collection, query, query.k, false);

type Counted = CollectionShape & Pick<CollectionRow, "vectorCount">;

/** Asks the index for more rows, or looks at all of them, until the nearest `k` are known. `first` is what it was asked before. */
async function searchIndexed(
  db: Db,
  collection: Counted,
  query: Query,
  first?: readonly Near[],
): Promise<Near[]> {
  const { k } = query;
  for (const [attempt, spare] of spareRows[typeOf(collection) ?? "vector"].entries()) {
    const limit = k + spare;
    const found = (attempt === 0 && first) || (await searchIndex(db, collection, query, limit));
    if (isComplete(found, { k, limit, vectorCount: collection.vectorCount })) return found.slice(0, k);
    if (found.length < k) break;
  }
  return readNearest(db, collection, query, k, false);
}

/** The nearest rows by index, in the right order. */
async function searchIndex(
  db: Db,
  collection: CollectionShape,
  query: Query,
  limit: number,
): Promise<Near[]> {
  const found = await readIndexed(db, collection, query, limit);
  const isHalf = typeOf(collection) === "halfvec";
  const near = isHalf ? await inFullPrecision(db, collection, query, found) : found;
  return near.sort(compareNear);
}

/** For many results the index keeps more candidates than usual. */
function readIndexed(db: Db, collection: CollectionShape, query: Query, limit: number): Promise<Near[]> {
  if (limit <= searchListSize) return readNearest(db, collection, query, limit, true);
  return db.transaction(async (tx) => {
    await tx.execute(
      sql`select set_config('hnsw.ef_search', ${String(Math.min(limit, searchListMax))}, true)`,
    );
    return readNearest(tx, collection, query, limit, true);
  });
}

/** The nearest rows by index, in an order that is nearly right; or by a look at all of them, in the right order. */
async function readNearest(
  db: Db,
  collection: CollectionShape,
  { values, filter }: Query,
  limit: number,
  byIndex: boolean,
): Promise<Near[]> {
  const given = sql`(select ${embeddingOf(collection, values)}::${columnType(collection)} as embedding)`;
  const distance = distanceFrom(collection);
  // No index serves a sum.
  const order: SQL = byIndex ? distance : sql`(${distance}) + 0, vector_id`;
  const rows = await db.execute<{ vector_id: string; distance: number }>(sql`
    with given as materialized ${given}
    select vector_id, ${distance} as distance from ${tableOf(collection)}
    where ${filterSql(sql`metadata`, filter)} order by ${order} limit ${limit}`);
  return rows.map((row) => nearOf(collection, row.vector_id, row.distance));
}

async function inFullPrecision(
  db: Db,
  collection: CollectionShape,
  { values }: Query,
  found: readonly Near[],
): Promise<Near[]> {
  const ids = found.map(({ vectorId }) => vectorId);
  const stored = await findVectors(db, collection, ids, { withValues: true });
  const query = normalized(values);
  return [...stored.values()].map((row) => ({
    vectorId: row.vectorId,
    nearness: nearnessOf(collection.metric, query, normalized(valuesOf(row.values))),
  }));
}
