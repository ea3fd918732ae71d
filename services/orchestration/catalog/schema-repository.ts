import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { ownerIn, within } from "../../lib/database/scope.ts";
import { idField, integerField, nameField, textField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { tables } from "../schema.ts";
import { schemas } from "./catalog-schema.ts";

export type SchemaRow = typeof schemas.$inferSelect;
type SourceOwner = { readonly sourceId: string; readonly namespace: string };

const schemaList = listOf({
  table: schemas,
  key: idField(schemas.schemaId),
  orderable: { create_time: timeField(schemas.createTime), name: textField(schemas.name) },
  filterable: {
    name: nameField(schemas.name),
    source_id: idField(schemas.sourceId),
    table_count: integerField(schemas.tableCount),
    create_time: timeField(schemas.createTime),
    update_time: timeField(schemas.updateTime),
  },
});

/** A page of schemas. An empty `sourceId` selects all sources. */
export const listSchemas = (
  db: Db,
  scope: Scope,
  request: ListRequest,
  sourceId: string,
): Promise<Page<SchemaRow>> =>
  schemaList.read(
    db,
    request,
    and(within(scope, schemas), sourceId === "" ? undefined : eq(schemas.sourceId, sourceId)),
  );

/** Counts the tables of some schemas of a source again. A schema without tables has no row. */
export async function updateTableCounts(
  tx: Db,
  scope: Scope,
  { sourceId, namespace }: SourceOwner,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const owner = ownerIn(scope, namespace);
  const counted = sql`(
    select given.name, count(live.table_id)::int as table_count
    from jsonb_array_elements_text(${JSON.stringify(names)}::text::jsonb) as given (name)
    left join ${tables} as live on live.source_id = ${sourceId}::uuid and live.schema_name = given.name
      and live.delete_time is null
    group by given.name)`;
  await tx.execute(sql`
    delete from ${schemas} using ${counted} as counted
    where ${within(scope, schemas)} and ${schemas.sourceId} = ${sourceId}::uuid
      and ${schemas.name} = counted.name and counted.table_count = 0`);
  await tx.execute(sql`
    insert into ${schemas} as known (org_id, namespace, source_id, name, table_count)
    select ${owner.orgId}::uuid, ${owner.namespace}::text, ${sourceId}::uuid, counted.name, counted.table_count
    from ${counted} as counted where counted.table_count > 0
    on conflict (source_id, name) do update set table_count = excluded.table_count, update_time = now()
      where known.table_count <> excluded.table_count`);
}

/** Moves the schemas of a source to the namespace of the source. */
export async function moveSchemas(tx: Db, scope: Scope, { sourceId, namespace }: SourceOwner): Promise<void> {
  await tx
    .update(schemas)
    .set(ownerIn(scope, namespace))
    .where(and(within(scope, schemas), eq(schemas.sourceId, sourceId)));
}
