import { type LineageEntity, sourceNamespace } from "./lineage.ts";

/** The entity of a table in the catalog. */
export const tableEntity = (table: {
  readonly tableId: string;
  readonly sourceId: string;
  readonly schemaName: string;
  readonly name: string;
}): LineageEntity => ({
  entityId: table.tableId,
  kind: "table",
  namespace: sourceNamespace(table.sourceId),
  name: table.schemaName === "" ? table.name : `${table.schemaName}.${table.name}`,
});
