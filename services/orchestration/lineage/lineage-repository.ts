import { and, asc, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { prepared } from "../../lib/database/prepared-statements.ts";
import { ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import { texts, uuids } from "./arrays.ts";
import type { Lineage, LineageColumn, LineageEntity } from "./lineage.ts";
import { lineageColumns, lineageEdges, lineageEntities } from "./lineage-schema.ts";
import { type MergedEdge, mergedColumns, mergedEdges, mergedEntities } from "./merge-lineage.ts";

export type EntityRow = Pick<
  typeof lineageEntities.$inferSelect,
  "entityId" | "ownerNamespace" | "kind" | "namespace" | "name" | "parentEntityId" | "owners" | "createTime"
>;

/** Owners of an entity: more are not added to it. */
const ownersMax = 1000;

/** Entities with the same name: Sluice's own data sets can share one. */
const namesakesMax = 100;

/** Entities of the scope's namespaces. */
export const visible = (scope: Scope) =>
  within(scope, { orgId: lineageEntities.orgId, namespace: lineageEntities.ownerNamespace });

/** The entities with these ids; unknown ids are skipped. */
export async function listEntities(db: Db, scope: Scope, entityIds: readonly string[]): Promise<EntityRow[]> {
  const found: EntityRow[] = [];
  for (const batch of batchesOf(entityIds)) {
    const where = and(visible(scope), sql`${lineageEntities.entityId} = any(${uuids(batch)})`);
    const rows = await db.execute<Omit<EntityRow, "createTime"> & { createTime: string }>(sql`${prepared}
      select entity_id as "entityId", owner_namespace as "ownerNamespace", kind, namespace, name,
        parent_entity_id as "parentEntityId", owners, create_time as "createTime"
      from ${lineageEntities} where ${where}`);
    for (const row of rows) found.push({ ...row, createTime: new Date(row.createTime) });
  }
  return found;
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
    const rows = await tx.execute<{ entityId: string }>(sql`${prepared}
      insert into ${lineageEntities} ${entityValues(scope, batch, namespace)}
      on conflict do nothing returning entity_id as "entityId"`);
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
  const entities = lineages.flatMap((lineage) => lineage.entities);
  const added = await insertEntities(tx, scope, entities, namespace);
  const described = entities.filter(
    ({ entityId, parent, owners }) => !added.has(entityId) && (parent ?? owners),
  );
  await describeEntities(tx, scope, described, namespace);
  await insertEdges(tx, scope, mergedEdges(lineages.flatMap((lineage) => lineage.edges)));
  await insertColumns(tx, scope, mergedColumns(lineages.flatMap((lineage) => lineage.columns)));
}

async function insertEdges(tx: Db, { orgId }: Scope, edges: readonly MergedEdge[]): Promise<void> {
  const { firstTime, lastTime } = lineageEdges;
  for (const batch of batchesOf(edges)) {
    const each = (key: keyof MergedEdge) => batch.map((edge) => edge[key]);
    await tx.execute(sql`${prepared}
      insert into ${lineageEdges} (org_id, from_entity_id, to_entity_id, first_time, last_time)
      select ${orgId}::uuid, from_entity_id, to_entity_id, first_time::timestamptz, last_time::timestamptz
      from unnest(${uuids(each("fromEntityId"))}, ${uuids(each("toEntityId"))}, ${texts(each("firstTime"))},
        ${texts(each("lastTime"))}) as edge (from_entity_id, to_entity_id, first_time, last_time)
      on conflict (org_id, from_entity_id, to_entity_id) do update set
        first_time = least(${firstTime}, excluded.first_time), last_time = greatest(${lastTime}, excluded.last_time)
      where excluded.first_time < ${firstTime} or excluded.last_time > ${lastTime}`);
  }
}

async function insertColumns(tx: Db, { orgId }: Scope, columns: readonly LineageColumn[]): Promise<void> {
  for (const batch of batchesOf(columns)) {
    const each = (key: keyof LineageColumn) => batch.map((column) => column[key]);
    await tx.execute(sql`${prepared}
      insert into ${lineageColumns}
        (org_id, from_entity_id, to_entity_id, to_column, column_entity_id, from_column, transformation)
      select ${orgId}::uuid, from_entity_id, to_entity_id, to_column, column_entity_id, from_column,
        transformation::orchestration.lineage_transformation
      from unnest(${uuids(each("fromEntityId"))}, ${uuids(each("toEntityId"))}, ${texts(each("toColumn"))},
        ${uuids(each("columnEntityId"))}, ${texts(each("fromColumn"))}, ${texts(each("transformation"))})
        as "column" (from_entity_id, to_entity_id, to_column, column_entity_id, from_column, transformation)
      on conflict do nothing`);
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
    and cardinality(${owners}) < ${sql.raw(String(ownersMax))})`;
  for (const batch of batchesOf(mergedEntities(entities))) {
    await tx.execute(sql`${prepared}
      insert into ${lineageEntities} ${entityValues(scope, batch, namespace)}
      on conflict (org_id, entity_id) do update set
        parent_entity_id = case when ${isParent} then excluded.parent_entity_id else ${parentEntityId} end,
        parent_time = case when ${isParent} then excluded.parent_time else ${parentTime} end,
        owners = case when ${isLater} then excluded.owners when ${isMore}
          then (select array_agg(distinct owner) from unnest(${owners} || excluded.owners) as owner)
          else ${owners} end,
        owners_time = case when ${isLater} then excluded.owners_time else ${ownersTime} end
      where (${isParent} or ${isLater} or ${isMore}) and ${ownerNamespace} = excluded.owner_namespace`);
  }
}

/** Columns and rows of entities, for an insert. */
function entityValues(scope: Scope, entities: readonly LineageEntity[], namespace: string) {
  const own = ownerIn(scope, namespace).namespace;
  const each = (textOf: (entity: LineageEntity) => string | undefined) =>
    entities.map((entity) => textOf(entity) ?? null);
  return sql`(org_id, owner_namespace, entity_id, kind, namespace, name, parent_entity_id, parent_time, owners,
      owners_time)
    select ${scope.orgId}::uuid, owner_namespace, entity_id, kind::orchestration.lineage_kind, namespace, name,
      parent_entity_id, parent_time::timestamptz, array(select json_array_elements_text(owners::json)),
      owners_time::timestamptz
    from unnest(${texts(each(({ ownerNamespace = own }) => ownerNamespace))}, ${uuids(each(({ entityId }) => entityId))},
      ${texts(each(({ kind }) => kind))}, ${texts(each((entity) => entity.namespace))}, ${texts(each(({ name }) => name))},
      ${uuids(each(({ parent }) => parent?.entityId))}, ${texts(each(({ parent }) => parent?.time))},
      ${texts(each(({ owners }) => owners && JSON.stringify(owners.names)))}, ${texts(each(({ owners }) => owners?.time))})
      as entity (owner_namespace, entity_id, kind, namespace, name, parent_entity_id, parent_time, owners, owners_time)`;
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
      .where(and(visible(scope), sql`${lineageEntities.entityId} = any(${uuids(batch)})`));
  }
}
