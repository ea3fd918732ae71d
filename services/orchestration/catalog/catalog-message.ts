import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type ColumnAnnotationSchema,
  PiiClass,
  type SchemaSchema,
  type Table,
  type TableChangeSchema,
  TableSchema,
  type TableVersionSchema,
} from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import {
  type ColumnAnnotation,
  type ColumnAnnotations,
  type PiiClassName,
  piiClasses,
} from "../annotations.ts";
import type { ForeignKey } from "../connectors/connector.ts";
import type { TableRow } from "../table-repository.ts";
import { commentedColumns } from "./describe-change.ts";
import type { SchemaRow } from "./schema-repository.ts";
import type { TableVersionRow } from "./version-repository.ts";
import type { ChangedTable } from "./write-discovery.ts";

export const toTable = (row: TableRow): Table =>
  create(TableSchema, {
    tableId: row.tableId,
    sourceId: row.sourceId,
    namespace: row.namespace,
    schemaName: row.schemaName,
    name: row.name,
    columns: commentedColumns(row),
    ...(row.rowCount !== null && { rowCount: row.rowCount }),
    ...(row.sizeBytes !== null && { sizeBytes: row.sizeBytes }),
    comment: row.comment,
    primaryKey: [...row.primaryKey],
    foreignKeys: row.foreignKeys.map(toForeignKey),
    version: row.version,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    ...(row.deleteTime && { deleteTime: timestampFromDate(row.deleteTime) }),
    ...(row.description !== "" && { description: row.description }),
    tags: row.tags,
    ...(row.owner !== "" && { owner: row.owner }),
    properties: row.properties,
    columnAnnotations: mapValues(row.columnAnnotations, toAnnotation),
    etag: String(row.revision),
  });

const toForeignKey = ({ columns, referencedColumns, ...key }: ForeignKey) => ({
  ...key,
  columns: [...columns],
  referencedColumns: [...referencedColumns],
});

const toAnnotation = ({
  description,
  tags,
  piiClass,
}: ColumnAnnotation): MessageInitShape<typeof ColumnAnnotationSchema> => ({
  description,
  tags: [...tags],
  piiClass: piiClass === undefined ? PiiClass.UNSPECIFIED : PiiClass[piiClass],
});

/** Annotations as they are stored: sorted tags, and no annotation that says nothing. */
export function fromAnnotations(given: Table["columnAnnotations"]): ColumnAnnotations {
  const stored = mapValues(given, ({ description, tags, ...annotation }): ColumnAnnotation => {
    const piiClass = piiClassName(annotation.piiClass);
    return { description, tags: [...new Set(tags)].sort(), ...(piiClass !== "" && { piiClass }) };
  });
  const some = Object.entries(stored).filter(
    ([, { description, tags, piiClass }]) => description !== "" || tags.length > 0 || piiClass,
  );
  return Object.fromEntries(some);
}

/** The class without the prefix of its enum; empty if it is unspecified. */
export const piiClassName = (piiClass: PiiClass): PiiClassName | "" =>
  piiClasses.find((name) => PiiClass[name] === piiClass) ?? "";

const mapValues = <Value, Result>(
  values: Readonly<Record<string, Value>>,
  map: (value: Value) => Result,
): Record<string, Result> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));

export const toSchema = (row: SchemaRow): MessageInitShape<typeof SchemaSchema> => ({
  schemaId: row.schemaId,
  sourceId: row.sourceId,
  namespace: row.namespace,
  name: row.name,
  tableCount: row.tableCount,
  createTime: timestampFromDate(row.createTime),
  updateTime: timestampFromDate(row.updateTime),
});

export const toTableVersion = (row: TableVersionRow): MessageInitShape<typeof TableVersionSchema> => ({
  tableId: row.tableId,
  version: row.version,
  columns: commentedColumns(row),
  comment: row.comment,
  primaryKey: row.primaryKey,
  foreignKeys: row.foreignKeys.map(toForeignKey),
  schemaHash: row.schemaHash,
  createTime: timestampFromDate(row.createTime),
});

export const toTableChange = ({
  row: { tableId, version },
  change,
}: ChangedTable): MessageInitShape<typeof TableChangeSchema> => ({
  tableId,
  version,
  addedColumns: [...change.addedColumns],
  removedColumns: [...change.removedColumns],
  changedColumns: [...change.changedColumns],
  reordered: change.reordered,
  commentChanged: change.commentChanged,
  keysChanged: change.keysChanged,
});
