import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { everywhere, ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import type { Lineage, LineageEdge, LineageEntity, TimedEdge } from "./lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities } from "./lineage-schema.ts";

export type EntityRow = typeof lineageEntities.$inferSelect;

/** Owners of an entity: more are not added to it. */
const ownersMax = 1000;

/** Entities with the same name: Sluice's own data sets can share one. */
const namesakesMax = 100;

/** Entities of the scope's namespaces. */
export const visible = (scope: Scope) =>
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

/** The entities with a name of OpenLineage, ordered by kind. */
export function listEntitiesByName(
  db: Db,
  scope: Scope,
  namespace: string,
  name: string,
): Promise<EntityRow[]> {
  const table = lineageEntities;
  return db
    .select()
    .from(table)
    .where(
      and(
        visible(scope),
        sql`md5(${table.name}) = md5(${name})`,
        eq(table.name, name),
        eq(table.namespace, namespace),
      ),
    )
    .orderBy(asc(table.kind), asc(table.entityId))
    .limit(namesakesMax);
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
 * Adds to the graph. New entities belong to `namespace`, if not to one of their own. The result is the same for any order
 * of calls: of several parents the earliest counts, of owners the latest, and edges have the range of their times. Rows
 * are inserted in the order of their keys, so that concurrent calls with the same rows cannot deadlock.
 */
export async function insertLineage(
  tx: Db,
  scope: Scope,
  lineages: readonly Lineage[],
  namespace: string,
): Promise<void> {
  const { orgId } = scope;
  const withOrg = <Row extends object>(row: Row) => ({ ...row, orgId });
  const entities = lineages.flatMap((lineage) => lineage.entities);
  const added = await insertEntities(tx, scope, entities, namespace);
  const described = entities.filter(
    ({ entityId, parent, owners }) => !added.has(entityId) && (parent ?? owners),
  );
  await describeEntities(tx, scope, described, namespace);
  for (const batch of batchesOf(mergedEdges(lineages.flatMap((lineage) => lineage.edges)))) {
    await tx
      .insert(lineageEdges)
      .values(batch.map(withOrg))
      .onConflictDoUpdate({
        target: [lineageEdges.orgId, lineageEdges.fromEntityId, lineageEdges.toEntityId],
        set: {
          firstTime: sql`least(${lineageEdges.firstTime}, excluded.first_time)`,
          lastTime: sql`greatest(${lineageEdges.lastTime}, excluded.last_time)`,
        },
        setWhere: sql`excluded.first_time < ${lineageEdges.firstTime} or excluded.last_time > ${lineageEdges.lastTime}`,
      });
  }
  const columns = uniqueSorted(lineages.flatMap((lineage) => lineage.columns));
  for (const batch of batchesOf(columns)) {
    await tx.insert(lineageColumns).values(batch.map(withOrg)).onConflictDoNothing();
  }
}

/** Updates parents and owners of entities that exist, as far as they belong to the same namespace. */
async function describeEntities(
  tx: Db,
  scope: Scope,
  entities: readonly LineageEntity[],
  namespace: string,
): Promise<void> {
  const { parentEntityId, parentTime, owners, ownersTime, ownerNamespace } = lineageEntities;
  const isParent = sql`(excluded.parent_entity_id is not null and (${parentEntityId} is null
    or (excluded.parent_time, excluded.parent_entity_id)
      < (coalesce(${parentTime}, '-infinity'), ${parentEntityId})))`;
  const isLater = sql`(excluded.owners_time is not null
    and (${ownersTime} is null or excluded.owners_time > ${ownersTime}))`;
  // Owners of the same time are all kept: neither is the latest.
  const isMore = sql`(excluded.owners_time = ${ownersTime} and not excluded.owners <@ ${owners}
    and cardinality(${owners}) < ${ownersMax})`;
  for (const batch of batchesOf(mergedEntities(entities))) {
    await tx
      .insert(lineageEntities)
      .values(batch.map((entity) => ownedEntity(scope, entity, namespace)))
      .onConflictDoUpdate({
        target: [lineageEntities.orgId, lineageEntities.entityId],
        set: {
          parentEntityId: sql`case when ${isParent} then excluded.parent_entity_id else ${parentEntityId} end`,
          parentTime: sql`case when ${isParent} then excluded.parent_time else ${parentTime} end`,
          owners: sql`case when ${isLater} then excluded.owners when ${isMore}
            then (select array_agg(distinct owner) from unnest(${owners} || excluded.owners) as owner)
            else ${owners} end`,
          ownersTime: sql`case when ${isLater} then excluded.owners_time else ${ownersTime} end`,
        },
        setWhere: sql`(${isParent} or ${isLater} or ${isMore}) and ${ownerNamespace} = excluded.owner_namespace`,
      });
  }
}

/** Values of an entity's row. */
function ownedEntity(scope: Scope, entity: LineageEntity, namespace: string) {
  const { ownerNamespace, parent, owners, ...named } = entity;
  const owner =
    ownerNamespace === undefined ? ownerIn(scope, namespace) : ownerIn(everywhere(scope), ownerNamespace);
  return {
    ...named,
    orgId: owner.orgId,
    ownerNamespace: owner.namespace,
    parentEntityId: parent?.entityId ?? null,
    parentTime: parent?.time ?? null,
    owners: [...(owners?.names ?? [])],
    ownersTime: owners?.time ?? null,
  };
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

/** Merges duplicates, sorted by id. The first namespace wins, and only entities of it are merged. */
function mergedEntities(entities: readonly LineageEntity[]): LineageEntity[] {
  const byId = new Map<string, LineageEntity>();
  for (const entity of entities) {
    const known = byId.get(entity.entityId);
    if (!known) byId.set(entity.entityId, entity);
    else if (known.ownerNamespace === entity.ownerNamespace) byId.set(entity.entityId, merged(known, entity));
  }
  return [...byId.values()].sort((one, other) => (one.entityId < other.entityId ? -1 : 1));
}

function merged(one: LineageEntity, other: LineageEntity): LineageEntity {
  const parent = earlierParent(one.parent, other.parent);
  const owners = laterOwners(one.owners, other.owners);
  return { ...one, ...(parent && { parent }), ...(owners && { owners }) };
}

type Parent = LineageEntity["parent"];
type Owners = LineageEntity["owners"];

function earlierParent(one: Parent, other: Parent): Parent {
  if (!one || !other) return one ?? other;
  if (one.time !== other.time) return one.time < other.time ? one : other;
  return one.entityId < other.entityId ? one : other;
}

function laterOwners(one: Owners, other: Owners): Owners {
  if (!one || !other) return one ?? other;
  if (one.time !== other.time) return one.time > other.time ? one : other;
  return { names: [...new Set([...one.names, ...other.names])], time: one.time };
}

/** One row for each edge, with the range of its times; sorted. */
function mergedEdges(edges: readonly TimedEdge[]) {
  const now = new Date().toISOString();
  const byKey = new Map<string, LineageEdge & { firstTime: string; lastTime: string }>();
  for (const { fromEntityId, toEntityId, time = now } of edges) {
    const key = `${fromEntityId} ${toEntityId}`;
    const edge = byKey.get(key) ?? { fromEntityId, toEntityId, firstTime: time, lastTime: time };
    if (time < edge.firstTime) edge.firstTime = time;
    if (time > edge.lastTime) edge.lastTime = time;
    byKey.set(key, edge);
  }
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

function uniqueSorted<Row extends object>(rows: readonly Row[]): Row[] {
  const byKey = new Map(rows.map((row) => [JSON.stringify(Object.entries(row).sort()), row]));
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as Row);
}
