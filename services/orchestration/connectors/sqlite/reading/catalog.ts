import { identifier } from "../../../engine/sql-text.ts";
import { sourceDataInvalid, tableChanged } from "../../../errors.ts";
import type { SnapshotTable } from "../../connector.ts";
import type { Interval, ReadableTable } from "../../sql/row-source.ts";
import type { Database } from "../database/open-database.ts";
import type { ColumnTypes } from "../settings.ts";
import { type ColumnType, kindOf, typeOfDeclaration, typeOfKinds, type ValueKind } from "./column-type.ts";
import { filterOf } from "./filter-of.ts";

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export const noSuchName = (what: string) =>
  sourceDataInvalid(`settings.columnTypes names ${what}, which the database does not have`);

/** How a table is read. */
export type TableDescription = Pick<ReadableTable, "select" | "where" | "parameters" | "limit"> & {
  /** One for each wanted column. */
  readonly types: readonly ColumnType[];
  readonly rowCount: number;
  readonly interval: Interval | undefined;
  /** Name of the column with the row ids; undefined if the table has none. */
  readonly rowId: string | undefined;
};

export function describeTable(
  database: Database,
  table: SnapshotTable,
  columnTypes: ColumnTypes,
): TableDescription {
  const { name, columns, wanted, limit } = table;
  const overrides = columnTypes[name] ?? {};
  const unknown = Object.keys(overrides).find((column) => !columns.some((one) => one.name === column));
  if (unknown !== undefined) throw noSuchName(`the column ${JSON.stringify(`${name}.${unknown}`)}`);
  const declaredType = (column: string) => {
    const dataType = columns.find((one) => one.name === column)?.dataType;
    if (dataType === undefined) throw tableChanged(`main.${name}`);
    return overrides[column] ?? typeOfDeclaration(dataType);
  };
  const declared = wanted.map(declaredType);
  const open = wanted.filter((_, index) => declared[index] === undefined);
  const { rowCount, types } = readTypes(database, name, open);
  const rowId = findRowId(database, name);
  const list = [rowId ?? "null", ...wanted.map(identifier)].join(", ");
  const filter = filterOf(table, (column) => declaredType(column) ?? types.get(column) ?? "VARCHAR");
  return {
    select: `select ${list} from ${identifier(name)}`,
    ...filter,
    limit,
    types: wanted.map((column, index) => declared[index] ?? types.get(column) ?? "VARCHAR"),
    rowCount,
    interval: rowId === undefined ? undefined : intervalOf(database, name, rowId),
    rowId,
  };
}

/** Counts the rows, and reads the types of columns that have none declared. */
function readTypes(database: Database, table: string, columns: readonly string[]) {
  if (columns.length === 0) {
    const [[count] = []] = database.rows(`select count(*) from ${identifier(table)}`);
    return { rowCount: Number(count), types: new Map<string, ColumnType>() };
  }
  using statement = database.prepare(
    `select ${columns.map(identifier).join(", ")} from ${identifier(table)}`,
  );
  const { rowCount, kinds } = readKinds(
    statement,
    columns.map((_, index) => index),
  );
  const types = kinds.map((found, index) => {
    const type = typeOfKinds(found);
    if (type === undefined)
      throw mixedTypes(`the column ${JSON.stringify(`${table}.${columns[index]}`)}`, found);
    return [columns[index] ?? "", type] as const;
  });
  return { rowCount, types: new Map(types) };
}

/** Kinds of the values in some columns of all rows. */
export function readKinds(
  statement: ReturnType<Database["prepare"]>,
  indices: readonly number[],
  rowsMax = Number.POSITIVE_INFINITY,
): { rowCount: number; kinds: Set<ValueKind>[] } {
  const kinds = indices.map(() => new Set<ValueKind>());
  let rowCount = 0;
  while (rowCount < rowsMax && statement.step()) {
    rowCount += 1;
    for (const [position, index] of indices.entries()) kinds[position]?.add(kindOf(statement.value(index)));
  }
  return { rowCount, kinds };
}

export const mixedTypes = (what: string, kinds: ReadonlySet<ValueKind>) =>
  sourceDataInvalid(
    `${what} has no declared type, and values of several (${[...kinds].toSorted().join(", ")}): ` +
      "name its type in settings.columnTypes, as VARCHAR for numbers and texts, or cast it in the statement",
  );

/** A column can hide each of these names. Views, and tables that are declared so, have no row ids. */
function findRowId(database: Database, table: string): string | undefined {
  const [[type, withoutRowId] = []] = database.rows(
    `select type, wr from pragma_table_list where schema = 'main' and name = ${literal(table)}`,
  );
  if (type !== "table" || withoutRowId !== 0n) return undefined;
  const names = database
    .rows(`select lower(name) from pragma_table_xinfo(${literal(table)})`)
    .map(([one]) => one);
  return ["rowid", "_rowid_", "oid"].find((name) => !names.includes(name));
}

/** Undefined if the ids are beyond the integers that a range can name. */
function intervalOf(database: Database, table: string, rowId: string): Interval | undefined {
  const [[first, last] = []] = database.rows(`select min(${rowId}), max(${rowId}) from ${identifier(table)}`);
  if (first === null || last === null) return { unit: "rowid", from: 0, to: 0 };
  const [from, to] = [Number(first), Number(last) + 1];
  const isSafe = Number.isSafeInteger(from) && Number.isSafeInteger(to) && Number.isSafeInteger(to - from);
  return isSafe ? { unit: "rowid", from, to } : undefined;
}
