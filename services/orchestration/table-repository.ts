import { and, asc, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { fromPage } from "../lib/database/rows.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import type { Page } from "../lib/rpc/paging.ts";
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
    .where(and(eq(tables.orgId, scope.orgId), eq(tables.tableId, tableId)));
  return row;
}

/** A page of tables. Empty fields of the filter select everything. */
export function listTables(db: Db, scope: Scope, page: Page, filter: TableFilter): Promise<TableRow[]> {
  const where = and(
    eq(tables.orgId, scope.orgId),
    filter.sourceId === "" ? undefined : eq(tables.sourceId, filter.sourceId),
    filter.schemaName === "" ? undefined : eq(tables.schemaName, filter.schemaName),
    fromPage(tables.tableId, page),
  );
  return db.select().from(tables).where(where).orderBy(asc(tables.tableId)).limit(page.limit);
}

export function listSourceTables(db: Db, scope: Scope, sourceId: string): Promise<TableRow[]> {
  return db
    .select()
    .from(tables)
    .where(and(eq(tables.orgId, scope.orgId), eq(tables.sourceId, sourceId)))
    .orderBy(asc(tables.tableId));
}

/** The tables with these ids; unknown ids are skipped. */
export async function listTablesById(db: Db, scope: Scope, tableIds: readonly string[]): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(tableIds)) {
    const where = and(eq(tables.orgId, scope.orgId), inArray(tables.tableId, batch));
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
        eq(tables.orgId, scope.orgId),
        eq(tables.sourceId, sourceId),
        inArray(sql`lower(${tables.name})`, inLowerCase),
      ),
    )
    .orderBy(asc(tables.tableId));
}

export async function insertTables(
  db: Db,
  scope: Scope,
  sourceId: string,
  added: readonly NewTable[],
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(added)) {
    const values = batch.map((table) => ({ ...table, orgId: scope.orgId, sourceId }));
    rows.push(...(await db.insert(tables).values(values).returning()));
  }
  return rows;
}

/** Columns and row count that a discovery found for a known table. */
export type TableUpdate = Pick<NewTable, "tableId" | "columns" | "rowCount">;

/** Sets the row counts of tables. */
export async function updateRowCounts(db: Db, scope: Scope, updates: readonly TableUpdate[]): Promise<void> {
  for (const batch of batchesOf(updates)) {
    await db.execute(sql`
      update ${tables} set row_count = found.row_count
      from ${found(batch)} as found (table_id, row_count, columns)
      where ${tables.orgId} = ${scope.orgId} and ${tables.tableId} = found.table_id`);
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
      where ${tables.orgId} = ${scope.orgId} and ${tables.tableId} = found.table_id`);
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
    await db.delete(tables).where(and(eq(tables.orgId, scope.orgId), inArray(tables.tableId, batch)));
  }
}
