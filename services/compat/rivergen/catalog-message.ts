import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SchemaSchema, TableSchema } from "../../../gen/compat/rivergen/v1/catalog_pb.ts";
import type { Column, Schema, Table } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { exactNumber } from "./exact-number.ts";

export const toSchema = (schema: Schema): MessageInitShape<typeof SchemaSchema> => ({
  schemaId: schema.schemaId,
  dataSourceId: schema.sourceId,
  schemaName: schema.name,
  tablesCount: schema.tableCount,
  createdAt: schema.createTime,
  updatedAt: schema.updateTime,
});

export function toTable(table: Table): MessageInitShape<typeof TableSchema> {
  const description = table.description || table.comment;
  return {
    tableId: table.tableId,
    dataSourceId: table.sourceId,
    schemaName: table.schemaName,
    tableName: table.name,
    columns: table.columns.map(toColumn),
    ...(table.rowCount !== undefined && { rowCount: exactNumber(table.rowCount) }),
    ...(description && { description }),
    tags: table.tags,
    ...(table.owner && { owner: table.owner }),
    primaryKey: table.primaryKey,
    createdAt: table.createTime,
    updatedAt: table.updateTime,
  };
}

const toColumn = ({ name, dataType, nullable, comment }: Column) => ({
  columnName: name,
  dataType,
  isNullable: nullable,
  ...(comment && { description: comment }),
});
