import { and, asc, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Db } from "../lib/database/database.ts";
import { ofRevision } from "../lib/database/rows.ts";
import { ownerIn, within } from "../lib/database/scope.ts";
import { idField, integerField, nameField, tagsField, textField, timeField } from "../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../lib/list/list-of.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { batchesOf } from "./batches.ts";
import { tables } from "./schema.ts";

export type TableRow = typeof tables.$inferSelect;
export type TableFilter = {
  readonly sourceId: string;
  readonly schemaName: string;
  readonly showDeleted: boolean;
};
/** What users say about a table. */
export type TableChange = Partial<
  Pick<TableRow, "description" | "tags" | "owner" | "properties" | "columnAnnotations">
>;

const isLive = isNull(tables.deleteTime);

/** A table, deleted or not. */
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
    tags: tagsField(tables.tags),
    owner: textField(tables.owner),
    version: integerField(tables.version),
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
    filter.showDeleted ? undefined : isLive,
  );
  return tableList.read(db, request, where);
}

/** The tables of a source that are not deleted. */
export function listSourceTables(db: Db, scope: Scope, sourceId: string): Promise<TableRow[]> {
  return db
    .select()
    .from(tables)
    .where(and(within(scope, tables), eq(tables.sourceId, sourceId), isLive))
    .orderBy(asc(tables.tableId));
}

/** The tables with these ids; unknown ids are skipped, and deleted tables without `withDeleted`. */
export async function listTablesById(
  db: Db,
  scope: Scope,
  tableIds: readonly string[],
  { withDeleted = false }: { readonly withDeleted?: boolean } = {},
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(tableIds)) {
    const where = and(
      within(scope, tables),
      inArray(tables.tableId, batch),
      withDeleted ? undefined : isLive,
    );
    rows.push(...(await db.select().from(tables).where(where)));
  }
  return rows;
}

/** The tables of a source with one of these names, compared without case. Deleted ones are left out. */
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
        isLive,
      ),
    )
    .orderBy(asc(tables.tableId));
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

/** Changes what users say about a table. Undefined if its revision is not `revision`; undefined matches any. */
export async function updateTable(
  tx: Db,
  scope: Scope,
  tableId: string,
  revision: number | undefined,
  change: TableChange,
): Promise<TableRow | undefined> {
  const [row] = await tx
    .update(tables)
    .set({ ...change, revision: sql`${tables.revision} + 1`, updateTime: sql`now()` })
    .where(and(within(scope, tables), eq(tables.tableId, tableId), ofRevision(tables.revision, revision)))
    .returning();
  return row;
}
