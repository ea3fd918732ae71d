import { sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { lineageEdges, lineageEntities } from "../lineage/lineage-schema.ts";
import { executions, sources } from "../schema.ts";

/** Statements and neighbours of one table. */
const statementsMax = 3;
const neighboursMax = 5;
/** Longer statements are no examples. */
const statementCharactersMax = 2000;

export type PastStatement = { readonly tableId: string; readonly sql: string; readonly connector: string };

const ids = (tableIds: readonly string[]) => sql`${sql.param([...tableIds])}::uuid[]`;

/** The last statements that read each table and succeeded, newest first. Their lineage says what they read. */
export async function listPastStatements(
  db: Db,
  scope: Scope,
  tableIds: readonly string[],
): Promise<PastStatement[]> {
  const rows = await db.execute<{ table_id: string; sql: string; connector: string }>(sql`
    select wanted.table_id, past.sql, past.connector
    from unnest(${ids(tableIds)}) with ordinality as wanted (table_id, position)
    cross join lateral (
      select executions.sql, sources.connector, executions.create_time, executions.execution_id
      from ${lineageEdges}
      join ${executions} on execution_id = to_entity_id
      join ${sources} on sources.source_id = executions.source_id
      where lineage_edges.org_id = ${scope.orgId}::uuid and from_entity_id = wanted.table_id
        and ${within(scope, executions)} and state = 'succeeded' and char_length(executions.sql) <= ${statementCharactersMax}::int
      order by executions.create_time desc, executions.execution_id limit ${statementsMax}::int
    ) as past
    order by wanted.position, past.create_time desc, past.execution_id`);
  return [...rows].map(({ table_id: tableId, ...row }) => ({
    tableId,
    sql: row.sql,
    connector: row.connector,
  }));
}

export type Neighbour = { readonly tableId: string; readonly isUpstream: boolean; readonly name: string };

/** What each table is made of, and what is made of it: names of entities beside Sluice's own executions. */
export async function listLineage(db: Db, scope: Scope, tableIds: readonly string[]): Promise<Neighbour[]> {
  const visible = within(scope, { orgId: lineageEntities.orgId, namespace: lineageEntities.ownerNamespace });
  const rows = await db.execute<{ table_id: string; is_upstream: boolean; name: string }>(sql`
    select wanted.table_id, side.is_upstream, near.name
    from unnest(${ids(tableIds)}) with ordinality as wanted (table_id, position)
    cross join (values (true), (false)) as side (is_upstream)
    cross join lateral (
      select lineage_entities.name
      from ${lineageEdges}
      join ${lineageEntities} on lineage_entities.org_id = lineage_edges.org_id
        and lineage_entities.entity_id = case when side.is_upstream then from_entity_id else to_entity_id end
      where lineage_edges.org_id = ${scope.orgId}::uuid
        and case when side.is_upstream then to_entity_id = wanted.table_id else from_entity_id = wanted.table_id end
        and ${visible}
        and not exists (select from ${executions} where execution_id = lineage_entities.entity_id)
      group by lineage_entities.name order by lineage_entities.name collate "C" limit ${neighboursMax}::int
    ) as near
    order by wanted.position, side.is_upstream desc, near.name collate "C"`);
  return [...rows].map((row) => ({ tableId: row.table_id, isUpstream: row.is_upstream, name: row.name }));
}
