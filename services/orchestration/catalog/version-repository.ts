import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { integerField, textField, timeField } from "../../lib/list/fields.ts";
import { type ListRequest, listOf, type Page } from "../../lib/list/list-of.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { batchesOf } from "../batches.ts";
import type { TableRow } from "../table-repository.ts";
import { tableVersions } from "./catalog-schema.ts";

export type TableVersionRow = typeof tableVersions.$inferSelect;

/** Versions of one table that are kept. */
const versionsMax = 100;

const versionField = integerField(tableVersions.version);

const versionList = listOf({
  table: tableVersions,
  key: versionField,
  orderable: { create_time: timeField(tableVersions.createTime), version: versionField },
  filterable: {
    version: versionField,
    schema_hash: textField(tableVersions.schemaHash),
    create_time: timeField(tableVersions.createTime),
  },
});

/** A page of the versions of a table that was found in the scope. */
export const listTableVersions = (
  db: Db,
  scope: Pick<Scope, "orgId">,
  tableId: string,
  request: ListRequest,
): Promise<Page<TableVersionRow>> =>
  versionList.read(
    db,
    request,
    and(eq(tableVersions.orgId, scope.orgId), eq(tableVersions.tableId, tableId)),
  );

/** Inserts the current versions of tables, and removes those that are too many. */
export async function insertVersions(tx: Db, rows: readonly TableRow[]): Promise<void> {
  for (const batch of batchesOf(rows)) {
    await tx.insert(tableVersions).values(
      batch.map((row) => ({
        orgId: row.orgId,
        tableId: row.tableId,
        version: row.version,
        columns: row.columns,
        comment: row.comment,
        columnComments: row.columnComments,
        primaryKey: row.primaryKey,
        foreignKeys: row.foreignKeys,
        schemaHash: row.schemaHash,
        // Not the transaction's start: versions are in the order of the source's lock.
        createTime: sql`clock_timestamp()`,
      })),
    );
    const many = batch.filter(({ version }) => version > versionsMax);
    for (const { orgId, tableId, version } of many) {
      await tx
        .delete(tableVersions)
        .where(
          and(
            eq(tableVersions.orgId, orgId),
            eq(tableVersions.tableId, tableId),
            sql`${tableVersions.version} <= ${version - versionsMax}::int`,
          ),
        );
    }
  }
}

/** Sets the hashes of current versions that have none: of tables that are as they were before there were hashes. */
export async function updateHashes(tx: Db, rows: readonly TableRow[]): Promise<void> {
  for (const batch of batchesOf(rows)) {
    await tx
      .update(tableVersions)
      .set({
        schemaHash: sql`(select schema_hash from orchestration.tables where tables.table_id = ${tableVersions.tableId})`,
      })
      .where(
        and(
          inArray(
            tableVersions.tableId,
            batch.map(({ tableId }) => tableId),
          ),
          eq(tableVersions.schemaHash, ""),
        ),
      );
  }
}
