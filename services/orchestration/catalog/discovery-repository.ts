import { and, eq, inArray, isNull, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { ownerIn, within } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { batchesOf } from "../batches.ts";
import { sources, tables } from "../schema.ts";
import { listTablesById, type TableRow } from "../table-repository.ts";
import type { FoundTable, KnownTable } from "./diff-tables.ts";
import { schemaOf } from "./schema-hash.ts";

export type KnownRow = KnownTable & { readonly tableId: string };
type SourceOwner = { readonly sourceId: string; readonly namespace: string };

/** Deleted tables of one source that are kept, and for how long. */
const deletedMax = 20_000;
const deletedDays = 90;

/** The time of the database, as text with all its digits: processes have clocks of their own. */
export async function readTime(db: Db): Promise<string> {
  const [row] = await db.execute<{ time: string }>(sql`select clock_timestamp()::text as time`);
  if (!row) throw new Error("the database has no time");
  return row.time;
}

/** Whether a discovery has changed the source's tables since a time of the database. The source's row has to be locked. */
export async function hasChangedSince(
  tx: Db,
  scope: Scope,
  sourceId: string,
  time: string,
): Promise<boolean> {
  const changed = await tx.$count(
    sources,
    and(within(scope, sources), eq(sources.sourceId, sourceId), sql`discover_time >= ${time}::timestamptz`),
  );
  return changed > 0;
}

export async function updateDiscoverTime(tx: Db, scope: Scope, sourceId: string): Promise<void> {
  await tx
    .update(sources)
    .set({ discoverTime: sql`clock_timestamp()` })
    .where(and(within(scope, sources), eq(sources.sourceId, sourceId)));
}

/** What a discovery compares with: the tables of a source or one of them, without their columns. */
export function listKnownTables(
  tx: Db,
  scope: Scope,
  sourceId: string,
  tableId: string | undefined,
): Promise<KnownRow[]> {
  const { schemaName, name, rowCount, sizeBytes, deleteTime } = tables;
  return tx
    .select({
      tableId: tables.tableId,
      schemaName,
      name,
      schemaHash: tables.schemaHash,
      rowCount,
      sizeBytes,
      deleteTime,
    })
    .from(tables)
    .where(
      and(
        within(scope, tables),
        eq(tables.sourceId, sourceId),
        tableId === undefined ? undefined : eq(tables.tableId, tableId),
      ),
    );
}

export async function insertTables(
  tx: Db,
  scope: Scope,
  { sourceId, namespace }: SourceOwner,
  added: readonly FoundTable[],
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(added)) {
    const values = batch.map((found) => ({
      ...schemaOf(found),
      ...ownerIn(scope, namespace),
      tableId: newId(),
      sourceId,
      schemaName: found.schemaName,
      name: found.name,
      rowCount: found.rowCount ?? null,
      sizeBytes: found.details?.sizeBytes ?? null,
      schemaHash: found.schemaHash,
      primaryKey: [...(found.details?.primaryKey ?? [])],
    }));
    rows.push(...(await tx.insert(tables).values(values).returning()));
  }
  return rows;
}

/** What a discovery found for a known table. */
export type TableUpdate = {
  readonly tableId: string;
  readonly found: FoundTable;
  /** Whether it is another version. */
  readonly isVersion: boolean;
};

/** Sets what discoveries know of tables, which are not deleted any more. Returns the updated rows by id. */
export async function updateTables(
  tx: Db,
  scope: Scope,
  updates: readonly TableUpdate[],
): Promise<Map<string, TableRow>> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(updates)) {
    await tx.execute(sql`
      update ${tables} set columns = found.item -> 'columns', comment = found.item ->> 'comment'
      , column_comments = found.item -> 'columnComments', foreign_keys = found.item -> 'foreignKeys'
      , primary_key = array(select jsonb_array_elements_text(found.item -> 'primaryKey'))
      , schema_hash = found.item ->> 'schemaHash', row_count = (found.item ->> 'rowCount')::bigint
      , size_bytes = (found.item ->> 'sizeBytes')::bigint
      , version = version + (found.item ->> 'isVersion')::boolean::int, delete_time = null
      , update_time = case when (found.item ->> 'isVersion')::boolean or delete_time is not null then now()
          else update_time end
      from ${relation(batch.map(toItem))} as found (item)
      where ${within(scope, tables)} and ${tables.tableId} = (found.item ->> 'tableId')::uuid`);
    const ids = batch.map(({ tableId }) => tableId);
    rows.push(...(await listTablesById(tx, scope, ids)));
  }
  return new Map(rows.map((row) => [row.tableId, row]));
}

const toItem = ({ tableId, found, isVersion }: TableUpdate) => ({
  ...schemaOf(found),
  ...sizesOf(found),
  tableId,
  isVersion,
  schemaHash: found.schemaHash,
});

/** Sets the numbers of rows and bytes of tables. Not a change of the tables. */
export async function updateSizes(
  tx: Db,
  scope: Scope,
  updates: readonly { readonly tableId: string; readonly found: FoundTable }[],
): Promise<void> {
  for (const batch of batchesOf(updates)) {
    const items = batch.map(({ tableId, found }) => ({ tableId, ...sizesOf(found) }));
    await tx.execute(sql`
      update ${tables} set row_count = (found.item ->> 'rowCount')::bigint
      , size_bytes = (found.item ->> 'sizeBytes')::bigint
      from ${relation(items)} as found (item)
      where ${within(scope, tables)} and ${tables.tableId} = (found.item ->> 'tableId')::uuid`);
  }
}

/** JSON has no integers of 64 bits. */
const sizesOf = ({ rowCount, details }: FoundTable) => ({
  rowCount: rowCount?.toString() ?? null,
  sizeBytes: details?.sizeBytes?.toString() ?? null,
});

/** Items as a relation, passed as one JSON parameter. */
const relation = (items: readonly object[]): SQL =>
  sql`(select item from jsonb_array_elements(${JSON.stringify(items)}::text::jsonb) as item)`;

/** Marks tables as deleted. Returns them. */
export async function markDeleted(tx: Db, scope: Scope, tableIds: readonly string[]): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for (const batch of batchesOf(tableIds)) {
    const where = and(within(scope, tables), inArray(tables.tableId, batch), isNull(tables.deleteTime));
    const set = { deleteTime: sql`now()`, updateTime: sql`now()` };
    rows.push(...(await tx.update(tables).set(set).where(where).returning()));
  }
  return rows;
}

/** Removes tables that have been deleted for long, and those beyond the newest that are kept. */
export async function deleteForgotten(tx: Db, scope: Scope, sourceId: string): Promise<void> {
  await tx.execute(sql`
    delete from ${tables} where ${within(scope, tables)} and source_id = ${sourceId}::uuid
      and delete_time <= greatest(now() - ${deletedDays}::int * interval '1 day', (
        select delete_time from ${tables} where source_id = ${sourceId}::uuid and delete_time is not null
        order by delete_time desc offset ${deletedMax}::int limit 1))`);
}
