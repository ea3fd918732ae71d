import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import { isTableMissing } from "../../../lib/database/database-failure.ts";
import { prepared } from "../../../lib/database/prepared-statements.ts";
import { within } from "../../../lib/database/scope.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import type { Query } from "../exact/vector-columns.ts";
import { filterSql } from "../filter/filter-sql.ts";
import { compareNear, type Near } from "../nearness.ts";
import type { CollectionShape } from "../search-engine.ts";
import { vectorCollections } from "../vector-schema.ts";
import { distanceFrom, nearOf } from "./index-results.ts";
import { columnType, embeddingOf, tableOf } from "./index-table.ts";

type AtOnce = {
  vector_count: string;
  is_searchable: boolean | null;
  vector_id: string | null;
  distance: number;
};

/**
 * Searches the index of a collection whose shape is known, and looks at its row in the same statement: whether the caller may
 * read it, and whether the index is up to date. Returns the rows in the right order; undefined if the index can't be used, and for
 * a collection that is not there or not the caller's.
 */
export async function searchAtOnce(
  db: Db,
  scope: Pick<Scope, "orgId" | "namespaces">,
  shape: CollectionShape,
  { values, filter, limit }: Pick<Query, "values" | "filter"> & { readonly limit: number },
): Promise<{ found: Near[]; vectorCount: number } | undefined> {
  const { collectionId } = shape;
  const { vectorCount, isIndexed, indexRevision, revision } = vectorCollections;
  const distance = distanceFrom(shape);
  const search = sql`${prepared}
    with given as materialized (select ${embeddingOf(shape, values)}::${columnType(shape)} as embedding),
    collection as materialized (
      select ${vectorCount} as vector_count, ${isIndexed} and ${indexRevision} = ${revision} as is_searchable
      from ${vectorCollections}
      where ${and(within(scope, vectorCollections), eq(vectorCollections.collectionId, collectionId))}),
    near as materialized (
      select vector_id, ${distance} as distance from ${tableOf(shape)}
      where (select is_searchable from collection) and ${filterSql(sql`metadata`, filter)}
      order by ${distance} limit ${limit})
    select vector_count, is_searchable, vector_id, distance from collection left join near on true`;
  // The table of a deleted collection is gone.
  const rows = await db.execute<AtOnce>(search).catch((error: unknown) => {
    if (isTableMissing(error)) return [];
    throw error;
  });
  const [first] = rows;
  if (!first?.is_searchable) return undefined;
  const found = rows.flatMap(({ vector_id, distance }) =>
    vector_id === null ? [] : [nearOf(shape, vector_id, distance)],
  );
  return { found: found.sort(compareNear), vectorCount: Number(first.vector_count) };
}
