import { isDeepStrictEqual } from "node:util";
import type { DiscoveredColumn } from "../connectors/connector.ts";
import type { TableSchema } from "./schema-hash.ts";

/** A column with its comment. */
export type CommentedColumn = DiscoveredColumn & { readonly comment: string };

export type SchemaChange = {
  readonly addedColumns: readonly CommentedColumn[];
  readonly removedColumns: readonly CommentedColumn[];
  readonly changedColumns: readonly { readonly before: CommentedColumn; readonly after: CommentedColumn }[];
  /** Whether the columns that both have are in another order. */
  readonly reordered: boolean;
  readonly commentChanged: boolean;
  readonly keysChanged: boolean;
};

/** Difference of two schemas of a table; undefined if there is none. */
export function describeChange(before: TableSchema, after: TableSchema): SchemaChange | undefined {
  const [old, now] = [commentedColumns(before), commentedColumns(after)];
  const oldByName = new Map(old.map((column) => [column.name, column]));
  const names = new Set(now.map(({ name }) => name));
  const change = {
    addedColumns: now.filter(({ name }) => !oldByName.has(name)),
    removedColumns: old.filter(({ name }) => !names.has(name)),
    changedColumns: now.flatMap((column) => {
      const former = oldByName.get(column.name);
      return former && !isDeepStrictEqual(former, column) ? [{ before: former, after: column }] : [];
    }),
    reordered: !isDeepStrictEqual(
      old.map(({ name }) => name).filter((name) => names.has(name)),
      now.map(({ name }) => name).filter((name) => oldByName.has(name)),
    ),
    commentChanged: before.comment !== after.comment,
    keysChanged: !isDeepStrictEqual(keysOf(before), keysOf(after)),
  };
  const isSame = Object.values(change).every((part) => (Array.isArray(part) ? part.length === 0 : !part));
  return isSame ? undefined : change;
}

export const commentedColumns = ({
  columns,
  columnComments,
}: Pick<TableSchema, "columns" | "columnComments">): CommentedColumn[] =>
  columns.map(({ name, dataType, nullable }) => ({
    name,
    dataType,
    nullable,
    comment: Object.hasOwn(columnComments, name) ? (columnComments[name] ?? "") : "",
  }));

const keysOf = ({ primaryKey, foreignKeys }: TableSchema) => [primaryKey, foreignKeys];
