import { and, asc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { prepared } from "../../lib/database/prepared-statements.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { texts, uuids } from "./arrays.ts";
import type { LineageEdge } from "./lineage.ts";
import { lineageColumns, lineageEdges } from "./lineage-schema.ts";

/** Upstream leads to the entities that an entity was made of, downstream to those made of it. */
export type Direction = "upstream" | "downstream";

/** Times of flows, from one on and before another, as PostgreSQL reads them. Undefined: unlimited. */
export type Period = { readonly start: string | undefined; readonly end: string | undefined };

export type ColumnRow = typeof lineageColumns.$inferSelect;
export type EdgeRow = LineageEdge & { readonly firstTime: string; readonly lastTime: string };

/** Condition for edges with a flow in the period, as far as their times say. */
export const during = ({ start, end }: Period): SQL | undefined =>
  and(
    start === undefined ? undefined : sql`${lineageEdges.lastTime} >= ${start}::timestamptz`,
    end === undefined ? undefined : sql`${lineageEdges.firstTime} < ${end}::timestamptz`,
  );

/** The edges between entities; at most `limit`. */
export async function listEdges(
  db: Db,
  scope: Scope,
  query: { readonly among: readonly string[]; readonly period: Period; readonly limit: number },
): Promise<EdgeRow[]> {
  const { orgId, fromEntityId, toEntityId } = lineageEdges;
  const where = and(
    eq(orgId, scope.orgId),
    sql`${fromEntityId} = any(${uuids(query.among)})`,
    sql`${toEntityId} = any(${uuids(query.among)})`,
    during(query.period),
  );
  return await db.execute<EdgeRow>(sql`${prepared}
    select from_entity_id as "fromEntityId", to_entity_id as "toEntityId", first_time as "firstTime",
      last_time as "lastTime"
    from ${lineageEdges} where ${where}
    order by from_entity_id, to_entity_id limit ${query.limit}::int`);
}

/** The columns on the edges between entities, as far as they are columns of one of them; at most `limit`. */
export function listColumns(
  db: Db,
  scope: Scope,
  entityIds: readonly string[],
  limit: number,
): Promise<ColumnRow[]> {
  const { fromEntityId, toEntityId, toColumn, columnEntityId, fromColumn, transformation } = lineageColumns;
  return db
    .select()
    .from(lineageColumns)
    .where(
      and(
        eq(lineageColumns.orgId, scope.orgId),
        sql`${fromEntityId} = any(${uuids(entityIds)})`,
        sql`${toEntityId} = any(${uuids(entityIds)})`,
        scope.namespaces === "all" ? undefined : sql`${columnEntityId} = any(${uuids(entityIds)})`,
      ),
    )
    .orderBy(
      asc(fromEntityId),
      asc(toEntityId),
      asc(toColumn),
      asc(columnEntityId),
      asc(fromColumn),
      asc(transformation),
    )
    .limit(limit);
}

/** A column of an entity; an empty name stands for all of them. */
export type ColumnPosition = { readonly entityId: string; readonly column: string };

/** The column flows that lead away from columns in a direction, some of them more than once; at most `limit`. */
export function listColumnFlows(
  db: Db,
  scope: Scope,
  direction: Direction,
  query: { readonly from: readonly ColumnPosition[]; readonly period: Period; readonly limit: number },
): Promise<ColumnRow[]> {
  const { orgId, columnEntityId, fromColumn, fromEntityId, toEntityId, toColumn } = lineageColumns;
  const columns = texts(query.from.map(({ column }) => column));
  const origins = sql`unnest(${uuids(query.from.map(({ entityId }) => entityId))}, ${columns}) as origin (entity_id, name)`;
  const isNext =
    direction === "downstream"
      ? sql`${columnEntityId} = origin.entity_id and (origin.name = '' or ${fromColumn} = origin.name)`
      : sql`${toEntityId} = origin.entity_id and (origin.name = '' or ${toColumn} in (origin.name, ''))`;
  const flows = db
    .select(getTableColumns(lineageColumns))
    .from(origins)
    .innerJoin(lineageColumns, and(eq(orgId, scope.orgId), isNext));
  const ofPeriod = during(query.period);
  if (!ofPeriod) return flows.limit(query.limit);
  const isEdge = and(
    eq(lineageEdges.orgId, orgId),
    eq(lineageEdges.fromEntityId, fromEntityId),
    eq(lineageEdges.toEntityId, toEntityId),
    ofPeriod,
  );
  return flows.innerJoin(lineageEdges, isEdge).limit(query.limit);
}
