import { and, count, eq, inArray, lt, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { insertedRow } from "../../lib/database/rows.ts";
import { ownerIn, within } from "../../lib/database/scope.ts";
import { idField, integerField, nameField, textField, timeField, wordField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { closedNamespaces } from "../schema.ts";
import { vectorLimitExceeded } from "./vector-errors.ts";
import { collectionsMax } from "./vector-limits.ts";
import { deletedCollections, deletedVectors, metrics, vectorCollections, vectors } from "./vector-schema.ts";

export type CollectionRow = typeof vectorCollections.$inferSelect;
export type NewCollection = Pick<CollectionRow, "collectionId" | "name" | "dimension" | "metric"> & {
  /** Empty for the default namespace. */
  readonly namespace: string;
};

type Owner = Pick<Scope, "orgId" | "namespaces">;

/** Constraint of the names of a namespace. */
export const nameConstraint = "vector_collections_name_unique";

const one = (owner: Owner, collectionId: string) =>
  and(within(owner, vectorCollections), eq(vectorCollections.collectionId, collectionId));

export async function findCollection(
  db: Db,
  owner: Owner,
  collectionId: string,
): Promise<CollectionRow | undefined> {
  const [row] = await db.select().from(vectorCollections).where(one(owner, collectionId));
  return row;
}

const collectionList = listOf({
  table: vectorCollections,
  key: idField(vectorCollections.collectionId),
  orderable: {
    create_time: timeField(vectorCollections.createTime),
    name: textField(vectorCollections.name),
  },
  filterable: {
    name: nameField(vectorCollections.name),
    dimension: integerField(vectorCollections.dimension),
    metric: wordField(vectorCollections.metric, metrics),
    create_time: timeField(vectorCollections.createTime),
  },
});

export const listCollections = (db: Db, scope: Scope, request: ListRequest): Promise<Page<CollectionRow>> =>
  collectionList.read(db, request, within(scope, vectorCollections));

/** Inserts a collection. NotFound for a namespace that is closed or outside of the scope; ResourceExhausted. */
export async function insertCollection(
  tx: Db,
  scope: Scope,
  { namespace, ...collection }: NewCollection,
): Promise<CollectionRow> {
  const owner = ownerIn(scope, namespace);
  await enterNamespace(tx, closedNamespaces, owner);
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`sluice collections ${owner.orgId}`}, 0))`,
  );
  const ofOrg = within({ orgId: owner.orgId, namespaces: "all" }, vectorCollections);
  const [held] = await tx.select({ count: count() }).from(vectorCollections).where(ofOrg);
  if ((held?.count ?? 0) >= collectionsMax) throw vectorLimitExceeded("collections", collectionsMax);
  const rows = await tx
    .insert(vectorCollections)
    .values({ ...collection, ...owner, creatorUserId: scope.principal.userId })
    .returning();
  return insertedRow(rows);
}

/**
 * Begins a change of a collection's vectors and returns its row with the new revision, locked until the transaction ends.
 * Undefined if there is none. An index that is up to date is expected to be changed, too, if `changesIndex`.
 */
export async function beginChange(
  tx: Db,
  owner: Owner,
  collectionId: string,
  changesIndex: boolean,
): Promise<CollectionRow | undefined> {
  const { revision, indexRevision } = vectorCollections;
  const [row] = await tx
    .update(vectorCollections)
    .set({
      revision: sql`${revision} + 1`,
      ...(changesIndex && {
        indexRevision: sql`case when ${indexRevision} = ${revision} then ${revision} + 1 else ${indexRevision} end`,
      }),
    })
    .where(one(owner, collectionId))
    .returning();
  return row;
}

/** Ends a change. Returns the number of vectors that the collection has now. */
export async function endChange(tx: Db, owner: Owner, collectionId: string, added: number): Promise<number> {
  const [row] = await tx
    .update(vectorCollections)
    .set({ vectorCount: sql`${vectorCollections.vectorCount} + ${added}` })
    .where(one(owner, collectionId))
    .returning({ vectorCount: vectorCollections.vectorCount });
  return row?.vectorCount ?? 0;
}

/** Deletes a collection and returns its row; undefined if there is none. Its vectors are deleted later. */
export async function deleteCollection(
  tx: Db,
  owner: Owner,
  collectionId: string,
): Promise<CollectionRow | undefined> {
  const [row] = await tx.delete(vectorCollections).where(one(owner, collectionId)).returning();
  if (row) await tx.insert(deletedCollections).values({ collectionId, orgId: row.orgId });
  return row;
}

/** Deletes up to `limit` collections of the owner's namespaces and returns their rows. */
export async function deleteSomeCollections(tx: Db, owner: Owner, limit: number): Promise<CollectionRow[]> {
  const some = tx
    .select({ collectionId: vectorCollections.collectionId })
    .from(vectorCollections)
    .where(within(owner, vectorCollections))
    .orderBy(vectorCollections.collectionId)
    .limit(limit);
  const rows = await tx
    .delete(vectorCollections)
    .where(and(within(owner, vectorCollections), inArray(vectorCollections.collectionId, some)))
    .returning();
  const gone = rows.map(({ collectionId, orgId }) => ({ collectionId, orgId }));
  if (gone.length > 0) await tx.insert(deletedCollections).values(gone);
  return rows;
}

export async function countCollections(db: Db, owner: Owner): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(vectorCollections)
    .where(within(owner, vectorCollections));
  return row?.count ?? 0;
}

/** Deletes up to `limit` vectors of deleted collections. Returns whether there were any. */
export async function deleteLeftVectors(db: Db, limit: number): Promise<boolean> {
  const [gone] = await db.select().from(deletedCollections).limit(1);
  if (!gone) return false;
  const { orgId, collectionId } = gone;
  const rest = await db.execute(sql`
    delete from ${vectors} where org_id = ${orgId} and collection_id = ${collectionId} and vector_id in (
      select vector_id from ${vectors} where org_id = ${orgId} and collection_id = ${collectionId} limit ${limit})
    returning 1`);
  if (rest.length > 0) return true;
  await db
    .delete(deletedVectors)
    .where(and(eq(deletedVectors.orgId, orgId), eq(deletedVectors.collectionId, collectionId)));
  await db
    .delete(deletedCollections)
    .where(and(eq(deletedCollections.orgId, orgId), eq(deletedCollections.collectionId, collectionId)));
  return true;
}

/** Forgets deletions of an hour ago: caches that are older read their collection anew. */
export async function forgetDeletions(db: Db): Promise<void> {
  await db.transaction(async (tx) => {
    const gone = await tx
      .delete(deletedVectors)
      .where(lt(deletedVectors.deleteTime, sql`now() - interval '1 hour'`))
      .returning({ collectionId: deletedVectors.collectionId, revision: deletedVectors.revision });
    const latest = new Map<string, number>();
    for (const { collectionId, revision } of gone) {
      latest.set(collectionId, Math.max(revision, latest.get(collectionId) ?? 0));
    }
    for (const [collectionId, revision] of [...latest].sort()) {
      await tx
        .update(vectorCollections)
        .set({ forgottenRevision: sql`greatest(${vectorCollections.forgottenRevision}, ${revision})` })
        .where(eq(vectorCollections.collectionId, collectionId));
    }
  });
}
