import type { Comparison } from "../../connector.ts";
import type { ColumnFormat } from "../../sql/row-source.ts";
import type { SqliteValue } from "../database/statement.ts";
import { isInvalidText } from "../database/statement.ts";

/** DuckDB's types that columns are written as. */
export const columnTypes = [
  "BIGINT",
  "DOUBLE",
  "BOOLEAN",
  "DATE",
  "TIME",
  "TIMESTAMP",
  "VARCHAR",
  "BLOB",
] as const;

export type ColumnType = (typeof columnTypes)[number];

/** The type of a column by its declaration; undefined if only its values decide. Values of another type are refused. */
export function typeOfDeclaration(declaration: string): ColumnType | undefined {
  const type = declaration.trim().toUpperCase();
  if (/^BOOL/.test(type)) return "BOOLEAN";
  if (type === "DATE") return "DATE";
  if (/^TIME(\(\d+\))?$/.test(type)) return "TIME";
  if (/^(DATETIME|TIMESTAMP)(\(\d+\))?$/.test(type)) return "TIMESTAMP";
  // From here on as SQLite derives the affinity of a column.
  if (type.includes("INT")) return "BIGINT";
  if (/CHAR|CLOB|TEXT/.test(type)) return "VARCHAR";
  if (type.includes("BLOB")) return "BLOB";
  if (/REAL|FLOA|DOUB/.test(type)) return "DOUBLE";
  return /^(NUMERIC|DECIMAL|NUMBER)\b/.test(type) ? "DOUBLE" : undefined;
}

/** Kinds of values that SQLite distinguishes. */
export type ValueKind = "null" | "integer" | "real" | "text" | "blob";

export function kindOf(value: SqliteValue): ValueKind {
  if (value === null) return "null";
  if (typeof value === "bigint") return "integer";
  if (typeof value === "number") return "real";
  return typeof value === "string" || isInvalidText(value) ? "text" : "blob";
}

/** The type that holds all values of these kinds; undefined if none does. */
export function typeOfKinds(kinds: ReadonlySet<ValueKind>): ColumnType | undefined {
  const found = [...kinds]
    .filter((kind) => kind !== "null")
    .toSorted()
    .join(" ");
  const types: Readonly<Record<string, ColumnType>> = {
    "": "VARCHAR",
    integer: "BIGINT",
    real: "DOUBLE",
    "integer real": "DOUBLE",
    text: "VARCHAR",
    blob: "BLOB",
  };
  return types[found];
}

const itself = (column: string): string => column;

/** How a column gets into the engine: the bytes of a BLOB as hexadecimal digits, all else as DuckDB's text of the value. */
export const formatOf = (type: ColumnType): ColumnFormat => ({
  ...(type === "BLOB"
    ? { read: "VARCHAR", write: (column) => `unhex(${column})`, dataType: type }
    : { read: type, write: itself, dataType: type }),
  comparison: { operators: comparisons[type] ?? "none", isExact: type !== "VARCHAR", hasAllNulls: true },
});

/** The order of texts depends on the encoding of the database, and numbers can be among them. */
const comparisons: Readonly<Partial<Record<ColumnType, Comparison["operators"]>>> = {
  BIGINT: "order",
  VARCHAR: "equality",
};
