import type { MethodImpl } from "@connectrpc/connect";
import {
  type CatalogService,
  type Table,
  TableSchema,
  type UpdateTableRequest,
} from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { etagMismatch, invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required, revisionOf, updatesOf } from "../../lib/rpc/updates.ts";
import type { ColumnAnnotations } from "../annotations.ts";
import { fromAnnotations, toTable } from "../catalog/catalog-message.ts";
import { updateDocuments } from "../catalog/search/document-repository.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { tableNotFound } from "../errors.ts";
import * as repository from "../table-repository.ts";

/** Size of what users say about the columns of a table, as JSON. The contract states it, too. */
const annotationsBytesMax = 64 * 1024;

const updates = updatesOf(TableSchema, {
  key: "table_id",
  writable: ["description", "tags", "owner", "properties", "column_annotations"],
});

export const updateTable =
  ({ db }: OrchestrationDeps): MethodImpl<typeof CatalogService.method.updateTable> =>
  async (request, context) => {
    const scope = scopeOf(context);
    const table = required(request.table, "table");
    const { tableId, etag } = table;
    const change = changeOf(table, request);
    const revision = revisionOf(etag);
    const current = await repository.findTable(db, scope, tableId);
    if (!current) throw tableNotFound(tableId);
    if (revision !== undefined && revision !== current.revision) throw etagMismatch("table", tableId);
    updates.refuseReadOnly(table, request.updateMask, toTable(current));
    refuseUnknownColumns(current, change.columnAnnotations);
    refuseLongAnnotations(change.columnAnnotations);
    const row = await db.transaction(async (tx) => {
      const updated = await repository.updateTable(tx, scope, tableId, revision, change);
      if (updated && updated.deleteTime === null) await updateDocuments(tx, [updated]);
      return updated;
    });
    if (!row) throw revision === undefined ? tableNotFound(tableId) : etagMismatch("table", tableId);
    return { table: toTable(row) };
  };

function changeOf(table: Table, { updateMask }: UpdateTableRequest): repository.TableChange {
  const change: { -readonly [Field in keyof repository.TableChange]: repository.TableChange[Field] } = {};
  for (const field of updates.fieldsOf(table, updateMask)) {
    if (field === "description") change.description = table.description ?? "";
    if (field === "tags") change.tags = [...new Set(table.tags)].sort();
    if (field === "owner") change.owner = table.owner ?? "";
    if (field === "properties") change.properties = table.properties;
    if (field === "column_annotations") change.columnAnnotations = fromAnnotations(table.columnAnnotations);
  }
  return change;
}

/** Annotations of columns that are gone can be sent back, and no new ones made for them. */
function refuseUnknownColumns(
  { name: tableName, columns, columnAnnotations }: repository.TableRow,
  given: ColumnAnnotations = {},
): void {
  const known = new Set([...columns.map(({ name }) => name), ...Object.keys(columnAnnotations)]);
  const unknown = Object.keys(given).find((name) => !known.has(name));
  if (unknown === undefined) return;
  const [column, table] = [unknown, tableName].map((name) => JSON.stringify(name));
  throw invalidField("table.column_annotations", `the table ${table} has no column ${column}`);
}

function refuseLongAnnotations(given: ColumnAnnotations = {}): void {
  const sizeBytes = Buffer.byteLength(JSON.stringify(given));
  if (sizeBytes <= annotationsBytesMax) return;
  const problem = `take ${sizeBytes} bytes as JSON, where at most ${annotationsBytesMax} are kept`;
  throw invalidField("table.column_annotations", problem);
}
