import { and, eq, gte, lte, or, sql } from "drizzle-orm";
import type { Db } from "../../../lib/database/database.ts";
import type { CollectionRow } from "../collection-repository.ts";
import { readAllVectors, valuesOf } from "../vector-repository.ts";
import { vectorCollections } from "../vector-schema.ts";
import { createTable, dropTable, nameOf, tableOf, typeOf, writeTable } from "./index-table.ts";
import { isOne } from "./pgvector-engine.ts";

/** From this number on, an index is faster than looking at all vectors. The contract states it. */
const indexedCountMin = 1000;
const batchBytes = 4 * 1024 * 1024;

/** Makes tables that are out of date anew, and builds the indexes that are missing. One process at a time. */
export async function maintainIndexes(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    const [row] = await tx.execute<{ locked: boolean }>(
      sql`select pg_try_advisory_xact_lock(hashtext('sluice vector indexes')) as locked`,
    );
    if (!row?.locked) return;
    // Connections of their own: an index that does not block writes can't be built in a transaction.
    for (const collection of await listStale(db)) await rebuild(db, collection);
    for (const collection of await listUnindexed(db)) await buildIndexes(db, collection);
  });
}

const { dimension, metric, indexRevision, revision, vectorCount, isIndexed } = vectorCollections;

async function listStale(db: Db): Promise<CollectionRow[]> {
  const rows = await db
    .select()
    .from(vectorCollections)
    .where(
      and(
        sql`${indexRevision} is distinct from ${revision}`,
        or(lte(dimension, 2000), and(lte(dimension, 4000), eq(metric, "cosine"))),
      ),
    );
  return rows.filter((row) => typeOf(row) !== undefined);
}

const listUnindexed = (db: Db): Promise<CollectionRow[]> =>
  db
    .select()
    .from(vectorCollections)
    .where(and(eq(isIndexed, false), eq(indexRevision, revision), gte(vectorCount, indexedCountMin)));

/** Writes wait for it, searches do not. */
const rebuild = (db: Db, stale: CollectionRow): Promise<void> =>
  db.transaction(async (tx) => {
    const [collection] = await tx.select().from(vectorCollections).where(isOne(stale)).for("update");
    if (!collection || collection.indexRevision === collection.revision) return;
    await dropTable(tx, collection);
    await createTable(tx, collection);
    for await (const rows of readAllVectors(tx, collection, batchBytes)) {
      await writeTable(
        tx,
        collection,
        rows.map((row) => ({ ...row, values: valuesOf(row.values) })),
      );
    }
    await tx
      .update(vectorCollections)
      .set({ indexRevision: collection.revision, isIndexed: false })
      .where(isOne(collection));
  });

async function buildIndexes(db: Db, collection: CollectionRow): Promise<void> {
  const table = tableOf(collection);
  const indexName = (suffix: string) => sql.identifier(`${nameOf(collection.collectionId)}_${suffix}`);
  const inner = sql.identifier(`${typeOf(collection)}_${collection.metric === "l2" ? "l2" : "ip"}_ops`);
  for (const suffix of ["near", "metadata"]) {
    // What an interrupted build has left.
    await db.execute(sql`drop index if exists ${sql.identifier("storage")}.${indexName(suffix)}`);
  }
  await db.execute(
    sql`create index concurrently ${indexName("near")} on ${table} using hnsw (embedding ${inner})`,
  );
  await db.execute(
    sql`create index concurrently ${indexName("metadata")} on ${table} using gin (metadata jsonb_path_ops)`,
  );
  await db.execute(sql`analyze ${table}`);
  await db.update(vectorCollections).set({ isIndexed: true }).where(isOne(collection));
}
