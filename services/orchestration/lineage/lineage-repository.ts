import { and, asc, eq, inArray, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import type { Lineage, LineageEdge, LineageEntity } from "./lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities, lineageEvents } from "./lineage-schema.ts";

export type EntityRow = typeof lineageEntities.$inferSelect;
export type ColumnRow = typeof lineageColumns.$inferSelect;
/** Upstream leads to the entities that an entity was made of, downstream to those made of it. */
export type Direction = "upstream" | "downstream";

/** The entities with these ids; unknown ids are skipped. */
export async function listEntities(db: Db, scope: Scope, entityIds: readonly string[]): Promise<EntityRow[]> {
  const rows: EntityRow[] = [];
  for (const batch of batchesOf(entityIds)) {
    const where = and(eq(lineageEntities.orgId, scope.orgId), inArray(lineageEntities.entityId, batch));
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
    .where(and(eq(lineageEdges.orgId, scope.orgId), inArray(near, [...from]), notInArray(far, [...known])))
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

/** The columns on the edges between entities; at most `limit`. */
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
): Promise<ReadonlySet<string>> {
  const added = new Set<string>();
  for (const batch of batchesOf(mergedEntities(entities))) {
    const rows = await tx
      .insert(lineageEntities)
      .values(batch.map((entity) => ({ ...entity, orgId: scope.orgId })))
      .onConflictDoNothing()
      .returning({ entityId: lineageEntities.entityId });
    for (const { entityId } of rows) added.add(entityId);
  }
  return added;
}

/**
 * Adds to the graph; existing rows stay as they are. Rows are inserted in the order of their keys, so that concurrent calls
 * with the same rows cannot deadlock.
 */
export async function insertLineage(tx: Db, scope: Scope, lineages: readonly Lineage[]): Promise<void> {
  const { orgId } = scope;
  const withOrg = <Row extends object>(row: Row) => ({ ...row, orgId });
  const entities = mergedEntities(lineages.flatMap((lineage) => lineage.entities));
  for (const batch of batchesOf(entities)) {
    await tx
      .insert(lineageEntities)
      .values(batch.map(withOrg))
      .onConflictDoUpdate({
        target: [lineageEntities.orgId, lineageEntities.entityId],
        set: { parentEntityId: sql`excluded.parent_entity_id` },
        setWhere: sql`${lineageEntities.parentEntityId} is null and excluded.parent_entity_id is not null
          and ${lineageEntities.kind} = 'job'`,
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
