import { and, asc, eq, inArray, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import type { Lineage, LineageEdge, LineageEntity } from "./lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities, lineageEvents } from "./lineage-schema.ts";

export type EntityRow = typeof lineageEntities.$inferSelect;
export type ColumnRow = typeof lineageColumns.$inferSelect;
/** Upstream leads to the entities that an entity was made of, downstream to those made of it. */
export type Direction = "upstream" | "downstream";

/** Entities of the scope's namespaces. */
const visible = (scope: Scope) =>
  within(scope, { orgId: lineageEntities.orgId, namespace: lineageEntities.ownerNamespace });

/** The entities with these ids; unknown ids are skipped. */
export async function listEntities(db: Db, scope: Scope, entityIds: readonly string[]): Promise<EntityRow[]> {
  const rows: EntityRow[] = [];
  for (const batch of batchesOf(entityIds)) {
    const where = and(visible(scope), inArray(lineageEntities.entityId, batch));
    rows.push(...(await db.select().from(lineageEntities).where(where)));
  }
  return rows;
}

/** The direct neighbours of `from` in a direction, without `known`, sorted; at most `limit`. */
export async function listNeighbours(
  db: Db,
  scope: Scope,
  direction: Direction,
  { from, known, limit }: { from: readonly string[]; known: readonly string[]; limit: number },
): Promise<string[]> {
  const { fromEntityId, toEntityId } = lineageEdges;
  const [near, far] = direction === "upstream" ? [toEntityId, fromEntityId] : [fromEntityId, toEntityId];
  const rows = await db
    .selectDistinct({ entityId: far })
    .from(lineageEdges)
    .innerJoin(
      lineageEntities,
      and(eq(lineageEntities.orgId, lineageEdges.orgId), eq(lineageEntities.entityId, far)),
    )
    .where(
      and(
        visible(scope),
        eq(lineageEdges.orgId, scope.orgId),
        inArray(near, [...from]),
        notInArray(far, [...known]),
      ),
    )
    .orderBy(asc(far))
    .limit(limit);
  return rows.map(({ entityId }) => entityId);
}

/** The edges between entities; at most `limit`. */
export function listEdges(
  db: Db,
  scope: Scope,
  entityIds: readonly string[],
  limit: number,
): Promise<LineageEdge[]> {
  const { fromEntityId, toEntityId } = lineageEdges;
  return db
    .select({ fromEntityId, toEntityId })
    .from(lineageEdges)
    .where(
      and(
        eq(lineageEdges.orgId, scope.orgId),
        inArray(fromEntityId, [...entityIds]),
        inArray(toEntityId, [...entityIds]),
      ),
    )
    .orderBy(asc(fromEntityId), asc(toEntityId))
    .limit(limit);
}

/** The columns on the edges between entities, as far as they are columns of one of them; at most `limit`. */
export function listColumns(
  db: Db,
  scope: Scope,
  entityIds: readonly string[],
  limit: number,
): Promise<ColumnRow[]> {
  const { fromEntityId, toEntityId, toColumn, columnEntityId, fromColumn } = lineageColumns;
  return db
    .select()
    .from(lineageColumns)
    .where(
      and(
        eq(lineageColumns.orgId, scope.orgId),
        inArray(fromEntityId, [...entityIds]),
        inArray(toEntityId, [...entityIds]),
        scope.namespaces === "all" ? undefined : inArray(columnEntityId, [...entityIds]),
      ),
    )
    .orderBy(asc(fromEntityId), asc(toEntityId), asc(toColumn), asc(columnEntityId), asc(fromColumn))
    .limit(limit);
}

/** Inserts the hashes of events, as hex. Returns the new ones. */
export async function insertEvents(
  tx: Db,
  scope: Scope,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const inserted = new Set<string>();
  for (const batch of batchesOf([...new Set(hashes)].sort())) {
    const values = batch.map((hash) => ({ orgId: scope.orgId, sha256: Buffer.from(hash, "hex") }));
    const rows = await tx
      .insert(lineageEvents)
      .values(values)
      .onConflictDoNothing()
      .returning({ sha256: lineageEvents.sha256 });
    for (const { sha256 } of rows) inserted.add(Buffer.from(sha256).toString("hex"));
  }
  return inserted;
}

/** Inserts entities. Returns the ids of the new ones. Concurrent inserts of the same ones wait until this transaction ends. */
export async function insertEntities(
  tx: Db,
  scope: Scope,
  entities: readonly LineageEntity[],
  namespace: string,
): Promise<ReadonlySet<string>> {
  const added = new Set<string>();
  for (const batch of batchesOf(mergedEntities(entities))) {
    const rows = await tx
      .insert(lineageEntities)
      .values(batch.map((entity) => ownedEntity(scope, entity, namespace)))
      .onConflictDoNothing()
      .returning({ entityId: lineageEntities.entityId });
    for (const { entityId } of rows) added.add(entityId);
  }
  return added;
}

/**
 * Adds to the graph; existing rows stay as they are. New entities belong to `namespace`, if not to one of their own. Rows are inserted in the order of their keys, so that concurrent calls
 * with the same rows cannot deadlock.
 */
export async function insertLineage(
  tx: Db,
  scope: Scope,
  lineages: readonly Lineage[],
  namespace: string,
): Promise<void> {
  const { orgId } = scope;
  const withOrg = <Row extends object>(row: Row) => ({ ...row, orgId });
  const entities = mergedEntities(lineages.flatMap((lineage) => lineage.entities));
  for (const batch of batchesOf(entities)) {
    await tx
      .insert(lineageEntities)
      .values(batch.map((entity) => ownedEntity(scope, entity, namespace)))
      .onConflictDoUpdate({
        target: [lineageEntities.orgId, lineageEntities.entityId],
        set: { parentEntityId: sql`excluded.parent_entity_id` },
        setWhere: sql`${lineageEntities.parentEntityId} is null and excluded.parent_entity_id is not null
          and ${lineageEntities.kind} = 'job' and ${visible(scope)}`,
      });
  }
  const edges = uniqueSorted(lineages.flatMap((lineage) => lineage.edges));
  for (const batch of batchesOf(edges)) {
    await tx.insert(lineageEdges).values(batch.map(withOrg)).onConflictDoNothing();
  }
  const columns = uniqueSorted(lineages.flatMap((lineage) => lineage.columns));
  for (const batch of batchesOf(columns)) {
    await tx.insert(lineageColumns).values(batch.map(withOrg)).onConflictDoNothing();
  }
}

/** Values of an entity's row. */
function ownedEntity(scope: Scope, { ownerNamespace, ...entity }: LineageEntity, namespace: string) {
  const owner =
    ownerNamespace === undefined ? ownerIn(scope, namespace) : ownerIn(everywhere(scope), ownerNamespace);
  return { ...entity, orgId: owner.orgId, ownerNamespace: owner.namespace };
}

/** Moves entities to another namespace. */
export async function moveEntities(
  tx: Db,
  scope: Scope,
  entityIds: readonly string[],
  namespace: string,
): Promise<void> {
  const { namespace: ownerNamespace } = ownerIn(scope, namespace);
  for (const batch of batchesOf(entityIds)) {
    await tx
      .update(lineageEntities)
      .set({ ownerNamespace })
      .where(and(visible(scope), inArray(lineageEntities.entityId, batch)));
  }
}

/** Merges duplicates, sorted by id. The first parent wins. */
function mergedEntities(entities: readonly LineageEntity[]): LineageEntity[] {
  const byId = new Map<string, LineageEntity>();
  for (const entity of entities) {
    const known = byId.get(entity.entityId);
    const parentEntityId = known?.parentEntityId ?? entity.parentEntityId;
    byId.set(entity.entityId, { ...(known ?? entity), ...(parentEntityId && { parentEntityId }) });
  }
  return [...byId.values()].sort((one, other) => (one.entityId < other.entityId ? -1 : 1));
}

function uniqueSorted<Row extends object>(rows: readonly Row[]): Row[] {
  const byKey = new Map(rows.map((row) => [JSON.stringify(Object.entries(row).sort()), row]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as Row);
}
