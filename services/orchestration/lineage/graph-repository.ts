import { and, asc, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { LineageEdge } from "./lineage.ts";
import { visible } from "./lineage-repository.ts";
import { lineageColumns, lineageEdges, lineageEntities } from "./lineage-schema.ts";

/** Upstream leads to the entities that an entity was made of, downstream to those made of it. */
export type Direction = "upstream" | "downstream";

/** Times of flows, from one on and before another, as PostgreSQL reads them. Undefined: unlimited. */
export type Period = { readonly start: string | undefined; readonly end: string | undefined };

export type ColumnRow = typeof lineageColumns.$inferSelect;
export type EdgeRow = LineageEdge & { readonly firstTime: string; readonly lastTime: string };

// One parameter, however many ids: a statement with a thousand parameters takes longer to plan than to run.
const ids = (entityIds: readonly string[]): SQL => sql`${sql.param([...entityIds])}::uuid[]`;

/** Condition for edges with a flow in the period, as far as their times say. */
const during = ({ start, end }: Period): SQL | undefined =>
  and(
    start === undefined ? undefined : sql`${lineageEdges.lastTime} >= ${start}::timestamptz`,
    end === undefined ? undefined : sql`${lineageEdges.firstTime} < ${end}::timestamptz`,
  );

/** The direct neighbours of `from` in a direction, without `known`, sorted; at most `limit`. */
export async function listNeighbours(
  db: Db,
  scope: Scope,
  direction: Direction,
  query: {
    readonly from: readonly string[];
    readonly known: readonly string[];
    readonly period: Period;
    readonly limit: number;
  },
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
        sql`${near} = any(${ids(query.from)})`,
        sql`${far} <> all(${ids(query.known)})`,
        during(query.period),
      ),
    )
    .orderBy(asc(far))
    .limit(query.limit);
  return rows.map(({ entityId }) => entityId);
}

/** The edges between entities; at most `limit`. */
export function listEdges(
  db: Db,
  scope: Scope,
  query: { readonly among: readonly string[]; readonly period: Period; readonly limit: number },
): Promise<EdgeRow[]> {
  const { fromEntityId, toEntityId, firstTime, lastTime } = lineageEdges;
  return db
    .select({ fromEntityId, toEntityId, firstTime, lastTime })
    .from(lineageEdges)
    .where(
      and(
        eq(lineageEdges.orgId, scope.orgId),
        sql`${fromEntityId} = any(${ids(query.among)})`,
        sql`${toEntityId} = any(${ids(query.among)})`,
        during(query.period),
      ),
    )
    .orderBy(asc(fromEntityId), asc(toEntityId))
    .limit(query.limit);
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
        sql`${fromEntityId} = any(${ids(entityIds)})`,
        sql`${toEntityId} = any(${ids(entityIds)})`,
        scope.namespaces === "all" ? undefined : sql`${columnEntityId} = any(${ids(entityIds)})`,
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
  const columns = sql`${sql.param(query.from.map(({ column }) => column))}::text[]`;
  const origins = sql`unnest(${ids(query.from.map(({ entityId }) => entityId))}, ${columns}) as origin (entity_id, name)`;
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
