import { and, asc, eq, inArray, notInArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import type { Lineage, LineageEdge, LineageEntity } from "./lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities, lineageEvents } from "./lineage-schema.ts";

export type EntityRow = typeof lineageEntities.$inferSelect;
export type ColumnRow = typeof lineageColumns.$inferSelect;
/** Which way a walk goes: to what an entity is made of, or to what is made of it. */
export type Direction = "upstream" | "downstream";

/** The entities that are known, of those asked for. */
export async function listEntities(db: Db, scope: Scope, entityIds: readonly string[]): Promise<EntityRow[]> {
  const rows: EntityRow[] = [];
  for (const batch of batchesOf(entityIds)) {
    const where = and(eq(lineageEntities.orgId, scope.orgId), inArray(lineageEntities.entityId, batch));
    rows.push(...(await db.select().from(lineageEntities).where(where)));
  }
  return rows;
}

/** The nearest entities of `from` in a direction that are not among `known`, sorted; at most `limit`. */
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

/** Remembers events by the hash of what they say, as hex; answers those that are new. */
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

/** Adds entities; answers the ids of those that are new. A call that adds the same ones waits for this transaction's end. */
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
 * Adds pieces to the graph; what is there already stays as it is. Rows go in by the order of their keys, so that
 * calls that add the same wait for each other and never in a circle.
 */
export async function insertLineage(tx: Db, scope: Scope, pieces: readonly Lineage[]): Promise<void> {
  const { orgId } = scope;
  const withOrg = <Row extends object>(row: Row) => ({ ...row, orgId });
  const entities = mergedEntities(pieces.flatMap((piece) => piece.entities));
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
  const edges = uniqueSorted(pieces.flatMap((piece) => piece.edges));
  for (const batch of batchesOf(edges)) {
    await tx.insert(lineageEdges).values(batch.map(withOrg)).onConflictDoNothing();
  }
  const columns = uniqueSorted(pieces.flatMap((piece) => piece.columns));
  for (const batch of batchesOf(columns)) {
    await tx.insert(lineageColumns).values(batch.map(withOrg)).onConflictDoNothing();
  }
}

/** Each entity once, sorted; its parent is the first that was named. */
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
