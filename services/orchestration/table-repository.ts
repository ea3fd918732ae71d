import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import { idField, integerField, nameField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { batchesOf } from "./batches.ts";
import type { DiscoveredTable } from "./connectors/connector.ts";
import { tables } from "./schema.ts";

export type TableRow = typeof tables.$inferSelect;
export type NewTable = DiscoveredTable & { readonly tableId: string };
export type TableFilter = { readonly sourceId: string; readonly schemaName: string };

export async function findTable(db: Db, scope: Scope, tableId: string): Promise<TableRow | undefined> {
  const [row] = await db
    .select()
    .from(tables)
    .where(and(within(scope, tables), eq(tables.tableId, tableId)));
  return row;
}

const tableList = listOf({
  table: tables,
  key: idField(tables.tableId),
  orderable: { create_time: timeField(tables.createTime), name: textField(tables.name) },
  filterable: {
    name: nameField(tables.name),
    schema_name: textField(tables.schemaName),
    source_id: idField(tables.sourceId),
    row_count: integerField(tables.rowCount),
    create_time: timeField(tables.createTime),
    update_time: timeField(tables.updateTime),
  },
});

/** A page of tables. Empty fields of the filter select everything. */
export function listTables(
  db: Db,
  scope: Scope,
  request: ListRequest,
  filter: TableFilter,
): Promise<Page<TableRow>> {
  const where = and(
    within(scope, tables),
    filter.sourceId === "" ? undefined : eq(tables.sourceId, filter.sourceId),
    filter.schemaName === "" ? undefined : eq(tables.schemaName, filter.schemaName),
  );
  return tableList.read(db, request, where);
}

export function listSourceTables(db: Db, scope: Scope, sourceId: string): Promise<TableRow[]> {
  return db
    .select()
    .from(tables)
    .where(and(within(scope, tables), eq(tables.sourceId, sourceId)))
    .orderBy(asc(tables.tableId));
}

/** The tables with these ids; unknown ids are skipped. */
export async function listTablesById(db: Db, scope: Scope, tableIds: readonly string[]): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(tableIds)) {
    const where = and(within(scope, tables), inArray(tables.tableId, batch));
    rows.push(...(await db.select().from(tables).where(where)));
  }
  return rows;
}

/** The tables of a source with one of these names, compared without case. */
export function listTablesByName(
  db: Db,
  scope: Scope,
  sourceId: string,
  names: readonly string[],
): Promise<TableRow[]> {
  const inLowerCase = names.map((name) => name.toLowerCase());
  return db
    .select()
    .from(tables)
    .where(
      and(
        within(scope, tables),
        eq(tables.sourceId, sourceId),
        inArray(sql`lower(${tables.name})`, inLowerCase),
      ),
    )
    .orderBy(asc(tables.tableId));
}

export async function insertTables(
  db: Db,
  scope: Scope,
  { sourceId, namespace }: { readonly sourceId: string; readonly namespace: string },
  added: readonly NewTable[],
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(added)) {
    const values = batch.map((table) => ({ ...table, ...ownerIn(scope, namespace), sourceId }));
    rows.push(...(await db.insert(tables).values(values).returning()));
  }
  return rows;
}

/** Moves the tables of a source to the namespace of the source. Returns their ids. */
export async function moveTables(
  tx: Db,
  scope: Scope,
  { sourceId, namespace }: { readonly sourceId: string; readonly namespace: string },
): Promise<string[]> {
  const rows = await tx
    .update(tables)
    .set(ownerIn(scope, namespace))
    .where(and(within(scope, tables), eq(tables.sourceId, sourceId)))
    .returning({ tableId: tables.tableId });
  return rows.map(({ tableId }) => tableId);
}

/** Columns and row count that a discovery found for a known table. */
export type TableUpdate = Pick<NewTable, "tableId" | "columns" | "rowCount">;

/** Sets the row counts of tables. */
export async function updateRowCounts(db: Db, scope: Scope, updates: readonly TableUpdate[]): Promise<void> {
  for (const batch of batchesOf(updates)) {
    await db.execute(sql`
      update ${tables} set row_count = found.row_count
      from ${found(batch)} as found (table_id, row_count, columns)
      where ${within(scope, tables)} and ${tables.tableId} = found.table_id`);
  }
}

/** Sets the columns and row counts of tables. Returns the updated rows. */
export async function updateColumns(
  db: Db,
  scope: Scope,
  updates: readonly TableUpdate[],
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(updates)) {
    await db.execute(sql`
      update ${tables} set columns = found.columns, row_count = found.row_count, update_time = now()
      from ${found(batch)} as found (table_id, row_count, columns)
      where ${within(scope, tables)} and ${tables.tableId} = found.table_id`);
    rows.push(
      ...(await listTablesById(
        db,
        scope,
        batch.map(({ tableId }) => tableId),
      )),
    );
  }
  return rows;
}

/** The updates as a relation, passed as one JSON parameter. */
const found = (batch: readonly TableUpdate[]) => sql`(
  select (item ->> 0)::uuid, (item ->> 1)::bigint, item -> 2
  from jsonb_array_elements(${JSON.stringify(
    batch.map(({ tableId, rowCount, columns }) => [tableId, rowCount?.toString() ?? null, columns]),
  )}::text::jsonb) as item)`;

export async function deleteTables(db: Db, scope: Scope, tableIds: readonly string[]): Promise<void> {
  for (const batch of batchesOf(tableIds)) {
    await db.delete(tables).where(and(within(scope, tables), inArray(tables.tableId, batch)));
  }
}
