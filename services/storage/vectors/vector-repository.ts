import { and, count, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { CollectionRow } from "./collection-repository.ts";
import { filterSql } from "./filter/filter-sql.ts";
import type { MetadataFilter } from "./filter/metadata-filter.ts";
import { deletedVectors, vectors } from "./vector-schema.ts";

export type NewVector = {
  readonly vectorId: string;
  readonly values: Float32Array;
  readonly metadataJson: string;
};
/** A vector as the database returns it. */
export type StoredVector = {
  readonly vectorId: string;
  readonly values: Buffer;
  readonly metadataJson: string;
};

type Key = Pick<CollectionRow, "orgId" | "collectionId">;

const ofCollection = ({ orgId, collectionId }: Key) =>
  and(eq(vectors.orgId, orgId), eq(vectors.collectionId, collectionId));

/** Inserts or replaces vectors with different ids, and returns how many are new. `collection` has the new revision. */
export async function upsertVectors(
  tx: Db,
  { orgId, collectionId, revision }: CollectionRow,
  given: readonly NewVector[],
): Promise<number> {
  const rows = await tx.execute<{ is_new: boolean }>(sql`
    insert into ${vectors} (org_id, collection_id, vector_id, "values", metadata, revision)
    select ${orgId}::uuid, ${collectionId}::uuid, vector_id, decode("values", 'base64'), metadata::jsonb, ${revision}::bigint
    from json_to_recordset(${toJson(given)}::json) as given (vector_id text, "values" text, metadata text)
    on conflict (collection_id, vector_id) do update
      set "values" = excluded."values", metadata = excluded.metadata, revision = excluded.revision
    returning xmax = 0 as is_new`);
  return rows.filter((row) => row.is_new).length;
}

/** One parameter for all: a statement takes at most 65,535. */
const toJson = (given: readonly NewVector[]): string =>
  JSON.stringify(
    given.map(({ vectorId, values, metadataJson }) => ({
      vector_id: vectorId,
      values: bytesOf(values).toString("base64"),
      metadata: metadataJson,
    })),
  );

/** Little-endian, as every machine that runs Node is. */
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

export const valuesOf = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

/** Which vectors a change or a count is about. */
export type Selection =
  | { readonly vectorIds: readonly string[] }
  | { readonly filter: MetadataFilter | undefined };

function selected(key: Key, selection: Selection): SQL | undefined {
  const which =
    "vectorIds" in selection
      ? inArray(vectors.vectorId, [...selection.vectorIds])
      : filterSql(vectors.metadata, selection.filter);
  return and(ofCollection(key), which);
}

/** Deletes vectors, records them as those of the collection's revision, and returns how many there were. */
export async function deleteVectors(
  tx: Db,
  collection: CollectionRow,
  selection: Selection,
): Promise<number> {
  const { orgId, collectionId, revision } = collection;
  const [row] = await tx.execute<{ count: number }>(sql`
    with gone as (delete from ${vectors} where ${selected(collection, selection)} returning vector_id),
    recorded as (
      insert into ${deletedVectors} (org_id, collection_id, vector_id, revision)
      select ${orgId}::uuid, ${collectionId}::uuid, vector_id, ${revision}::bigint from gone returning 1)
    select count(*)::int as count from recorded`);
  return row?.count ?? 0;
}

export async function countVectors(db: Db, key: Key, selection: Selection): Promise<number> {
  const [row] = await db.select({ count: count() }).from(vectors).where(selected(key, selection));
  return row?.count ?? 0;
}

/** The vectors with these ids, by id. Without `withValues` their values are empty. */
export async function findVectors(
  db: Db,
  key: Key,
  vectorIds: readonly string[],
  { withValues }: { withValues: boolean },
): Promise<Map<string, StoredVector>> {
  const rows = await db
    .select({
      vectorId: vectors.vectorId,
      values: withValues ? vectors.values : sql<Uint8Array>`''::bytea`,
      metadataJson: sql<string>`${vectors.metadata}::text`,
    })
    .from(vectors)
    .where(selected(key, { vectorIds }));
  return new Map(rows.map((row) => [row.vectorId, { ...row, values: Buffer.from(row.values) }]));
}

/** Ids that were deleted after a revision, and are not there again. */
export async function listDeleted(db: Db, key: Key, afterRevision: number): Promise<string[]> {
  const { orgId, collectionId } = key;
  const rows = await db.execute<{ vector_id: string }>(sql`
    select distinct vector_id from ${deletedVectors}
    where org_id = ${orgId} and collection_id = ${collectionId} and revision > ${afterRevision}`);
  return rows.map((row) => row.vector_id);
}

/** Vectors that were written after a revision, in batches of about this many bytes of values, for a consistent snapshot. */
export async function* readWritten(
  tx: Db,
  { orgId, collectionId, dimension }: CollectionRow,
  afterRevision: number,
  batchBytes: number,
): AsyncGenerator<StoredVector[]> {
  const limit = Math.max(1, Math.min(5000, Math.floor(batchBytes / (4 * dimension))));
  let after = { revision: afterRevision, vectorId: "" };
  let isFirst = true;
  for (;;) {
    const position = isFirst
      ? sql`revision > ${after.revision}`
      : sql`(revision, vector_id) > (${after.revision}::bigint, ${after.vectorId}::text)`;
    const rows = await tx.execute<{
      vector_id: string;
      values: Buffer;
      metadata: string;
      revision: string;
    }>(sql`
      select vector_id, "values", metadata::text as metadata, revision from ${vectors}
      where org_id = ${orgId} and collection_id = ${collectionId} and ${position}
      order by revision, vector_id limit ${limit}`);
    const last = rows.at(-1);
    if (!last) return;
    after = { revision: Number(last.revision), vectorId: last.vector_id };
    isFirst = false;
    yield rows.map((row) => ({ vectorId: row.vector_id, values: row.values, metadataJson: row.metadata }));
  }
}

/** All vectors in the order of their ids, in batches, for a consistent snapshot. */
export async function* readAllVectors(
  tx: Db,
  { orgId, collectionId, dimension }: CollectionRow,
  batchBytes: number,
): AsyncGenerator<StoredVector[]> {
  const limit = Math.max(1, Math.min(5000, Math.floor(batchBytes / (4 * dimension))));
  let after = "";
  for (;;) {
    const rows = await tx.execute<{ vector_id: string; values: Buffer; metadata: string }>(sql`
      select vector_id, "values", metadata::text as metadata from ${vectors}
      where org_id = ${orgId} and collection_id = ${collectionId} and vector_id > ${after}
      order by vector_id limit ${limit}`);
    const last = rows.at(-1);
    if (!last) return;
    after = last.vector_id;
    yield rows.map((row) => ({ vectorId: row.vector_id, values: row.values, metadataJson: row.metadata }));
  }
}
