import { type LineageEntity, sourceNamespace } from "./lineage.ts";

/** The entity of a table in the catalog. */
export const tableEntity = (table: {
  readonly tableId: string;
  readonly sourceId: string;
  readonly schemaName: string;
  readonly name: string;
  /** Sluice's namespace of its source. */
  readonly namespace: string;
}): LineageEntity => ({
  entityId: table.tableId,
  kind: "table",
  ownerNamespace: table.namespace,
  namespace: sourceNamespace(table.sourceId),
  name: table.schemaName === "" ? table.name : `${table.schemaName}.${table.name}`,
});
