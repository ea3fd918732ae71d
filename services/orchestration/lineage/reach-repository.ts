import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { prepared } from "../../lib/database/prepared-statements.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { type Direction, during, type Period } from "./graph-repository.ts";
import { visible } from "./lineage-repository.ts";
import { lineageEdges, lineageEntities } from "./lineage-schema.ts";

/** What to walk. */
export type Reach = {
  readonly start: string;
  /** Steps of the walk. */
  readonly steps: number;
  readonly period: Period;
  /** Entities after which the walk ends with their level, which is cut. */
  readonly limit: number;
};

/**
 * The entities that lead to a start or from it, by their distance: the first level is the start alone. Each entity is in one
 * level, the nearest, and levels are sorted. Empty if the start is not in the scope.
 *
 * One statement for all levels: a level is an array in a row of the recursion, so that each edge is read once, cycles
 * end, and a hub with more edges than the limit costs no more than the limit.
 */
export async function listLevels(
  db: Db,
  scope: Scope,
  direction: Direction,
  { start, steps, period, limit }: Reach,
): Promise<string[][]> {
  const { orgId, fromEntityId, toEntityId } = lineageEdges;
  const [near, far] = direction === "upstream" ? [toEntityId, fromEntityId] : [fromEntityId, toEntityId];
  const isNext = and(eq(orgId, scope.orgId), sql`${near} = near.id`, during(period), isVisible(scope, far));
  const rows = await db.execute<{ frontier: string[] }>(sql`${prepared}
    with recursive level (depth, frontier, known) as (
      select 0, array[entity_id], array[entity_id] from ${lineageEntities}
      where ${and(visible(scope), eq(lineageEntities.entityId, start))}
      union all
      select level.depth + 1, next.ids, level.known || next.ids
      from level cross join lateral (
        select array_agg(id) as ids from (
          select reached.id from unnest(level.frontier) as near (id) cross join lateral (
            select ${far} as id from ${lineageEdges} where ${isNext}
            order by id limit ${limit}::int + cardinality(level.known)
          ) as reached
          except select unnest(level.known)
          order by id limit ${limit}::int
        ) as fresh
      ) as next
      where level.depth < ${steps}::int and cardinality(level.known) < ${limit}::int and next.ids is not null
    )
    select frontier from level order by depth`);
  return rows.map(({ frontier }) => frontier);
}

/** A subquery for each edge, and no join: a plan could read all entities of a namespace first. */
function isVisible(scope: Scope, far: typeof lineageEdges.fromEntityId | typeof lineageEdges.toEntityId) {
  // The ends of an edge exist.
  if (scope.namespaces === "all") return undefined;
  const where = and(visible(scope), sql`${lineageEntities.entityId} = ${far}`);
  return sql`coalesce((select true from ${lineageEntities} where ${where}), false)`;
}
