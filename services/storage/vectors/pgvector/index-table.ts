import { type SQL, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import type { CollectionRow } from "../collection-repository.ts";
import { normalized } from "../nearness.ts";
import type { NewVector } from "../vector-repository.ts";

type Shape = Pick<CollectionRow, "dimension" | "metric">;

/** Dimensions that pgvector's HNSW indexes can have. */
const vectorDimensionMax = 2000;
const halfDimensionMax = 4000;

/**
 * pgvector's type for a collection; undefined if it can index none. Half precision is for vectors of the length 1 alone:
 * others can have values beyond its range.
 */
export function typeOf({ dimension, metric }: Shape): "vector" | "halfvec" | undefined {
  if (dimension <= vectorDimensionMax) return "vector";
  return dimension <= halfDimensionMax && metric === "cosine" ? "halfvec" : undefined;
}

/** Each collection has a table of its own, because an index belongs to a table. */
export const tableOf = ({ collectionId }: Pick<CollectionRow, "collectionId">): SQL =>
  sql`${sql.identifier("storage")}.${sql.identifier(nameOf(collectionId))}`;

export const nameOf = (collectionId: string): string => `vectors_of_${collectionId.replaceAll("-", "")}`;

/** The type with the dimension, which PostgreSQL takes no parameter for. */
export const columnType = (collection: Shape): SQL =>
  sql`${sql.identifier(typeOf(collection) ?? "vector")}(${sql.raw(String(Math.trunc(collection.dimension)))})`;

export async function createTable(tx: Db, collection: CollectionRow): Promise<void> {
  await tx.execute(sql`
    create table ${tableOf(collection)} (
      vector_id text collate "C" primary key, embedding ${columnType(collection)} not null, metadata jsonb not null)`);
}

export async function dropTable(tx: Db, collection: CollectionRow): Promise<void> {
  await tx.execute(sql`drop table if exists ${tableOf(collection)}`);
}

/** Inserts or replaces vectors with different ids. */
export async function writeTable(
  tx: Db,
  collection: CollectionRow,
  vectors: readonly NewVector[],
): Promise<void> {
  const given = vectors.map(({ vectorId, values, metadataJson }) => ({
    vector_id: vectorId,
    embedding: embeddingOf(collection, values),
    metadata: metadataJson,
  }));
  await tx.execute(sql`
    insert into ${tableOf(collection)} (vector_id, embedding, metadata)
    select vector_id, embedding::${columnType(collection)}, metadata::jsonb
    from json_to_recordset(${JSON.stringify(given)}::json) as given (vector_id text, embedding text, metadata text)
    on conflict (vector_id) do update set embedding = excluded.embedding, metadata = excluded.metadata`);
}

/** pgvector's notation. The length 1 makes the inner product the cosine. */
export function embeddingOf({ metric }: Pick<Shape, "metric">, values: Float32Array): string {
  return `[${(metric === "cosine" ? normalized(values) : values).join(",")}]`;
}
