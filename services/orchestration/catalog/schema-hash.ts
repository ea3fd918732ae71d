import { createHash } from "node:crypto";
import type { DiscoveredColumn, DiscoveredTable, ForeignKey } from "../connectors/connector.ts";

/** What makes a version of a table. Sizes change without one. */
export type TableSchema = {
  readonly columns: readonly DiscoveredColumn[];
  readonly comment: string;
  /** By the name of the column. */
  readonly columnComments: Readonly<Record<string, string>>;
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
};

export const schemaOf = ({ columns, details = {} }: DiscoveredTable): TableSchema => ({
  columns,
  comment: details.comment ?? "",
  columnComments: details.columnComments ?? {},
  primaryKey: details.primaryKey ?? [],
  foreignKeys: details.foreignKeys ?? [],
});

/** Hash of everything in a schema: equal schemas have equal hashes, whatever the order of keys in their objects. */
export function schemaHash({
  columns,
  comment,
  columnComments,
  primaryKey,
  foreignKeys,
}: TableSchema): string {
  const parts = [
    columns.map(({ name, dataType, nullable }) => [name, dataType, nullable]),
    comment,
    Object.entries(columnComments).sort(([one], [other]) => (one < other ? -1 : 1)),
    primaryKey,
    foreignKeys.map(foreignKeyParts),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

const foreignKeyParts = (key: ForeignKey) => [
  key.name,
  key.columns,
  key.referencedSchemaName,
  key.referencedTableName,
  key.referencedColumns,
];
