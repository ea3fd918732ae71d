import type { DuckDBType } from "@duckdb/node-api";
import { EngineFailure } from "../engine-failure.ts";
import type { ResultFormat } from "../protocol.ts";
import { identifier, literal } from "../sql-text.ts";
import { jsonSql } from "./json-sql.ts";
import { textSql } from "./text-sql.ts";
import { typedSql } from "./typed-sql.ts";

/** A result column: its name, and its alias in the relation. */
export type SourceColumn = { readonly name: string; readonly alias: string; readonly type: DuckDBType };

/** A column as it is written; `isText` if the format stores it as text. */
export type WrittenColumn = SourceColumn & { readonly isText: boolean };

/** The SELECT list for a format. */
export type ResultSelect = { readonly list: string; readonly columns: readonly WrittenColumn[] };

/** Selects the result columns for a format. Fails as `sqlInvalid` for types that the format can't hold. */
export function selectFor(format: ResultFormat, columns: readonly SourceColumn[]): ResultSelect {
  if (columns.length === 0) throw new EngineFailure("sqlInvalid", "the result has no columns");
  refuseSameNames(format, columns);
  if (format === "ndjson") return { list: ndjsonLine(columns), columns: columns.map(asText) };
  const written = columns.map((column) => ({ column, ...sqlOf(format, column) }));
  return {
    list: written.map(({ expression, column }) => `${expression} AS ${nameIn(format, column)}`).join(", "),
    columns: written.map(({ column, isText }) => ({ ...column, isText })),
  };
}

const asText = (column: SourceColumn): WrittenColumn => ({ ...column, isText: true });

/** DuckDB would rename names that differ in case only. Only Parquet takes its names from DuckDB. */
const nameIn = (format: ResultFormat, { name, alias }: SourceColumn): string =>
  format === "parquet" ? identifier(name) : alias;

function sqlOf(format: Exclude<ResultFormat, "ndjson">, column: SourceColumn) {
  const { name, type, alias } = column;
  if (format !== "csv") return typedSql(name, type, alias, format) ?? refuseType(format, column);
  const expression = textSql(type, alias) ?? jsonSql(type, alias) ?? refuseType(format, column);
  return { expression, isText: true };
}

/** One JSON object with its members in column order. */
function ndjsonLine(columns: readonly SourceColumn[]): string {
  const members = columns.map((column) => {
    const json = jsonSql(column.type, column.alias) ?? refuseType("ndjson", column);
    return `${literal(`${JSON.stringify(column.name)}:`)}, coalesce(${json}, 'null')`;
  });
  return `concat('{', ${members.join(", ',', ")}, '}')`;
}

const labels: Readonly<Record<ResultFormat, string>> = {
  ndjson: "NDJSON",
  csv: "CSV",
  parquet: "Parquet",
  arrow: "Arrow",
};

const typeCharactersMax = 100;

function refuseType(format: ResultFormat, { name, type }: SourceColumn): never {
  const typeName = type.toString();
  const short = typeName.length > typeCharactersMax ? `${typeName.slice(0, typeCharactersMax)}…` : typeName;
  const problem = `${labels[format]} has no place for the ${short} of the column ${JSON.stringify(name)}: cast it to VARCHAR`;
  throw new EngineFailure("sqlInvalid", problem);
}

/** Readers of objects and named columns would lose one of two equal names. CSV columns are positional. */
function refuseSameNames(format: ResultFormat, columns: readonly SourceColumn[]): void {
  if (format === "csv") return;
  const key = (name: string) => (format === "parquet" ? name.toLowerCase() : name);
  const keys = columns.map(({ name }) => key(name));
  const second = columns.find((_, index) => keys.indexOf(keys[index] ?? "") < index);
  if (!second) return;
  const how = format === "parquet" ? "names that are the same but for their case" : "the same name";
  throw new EngineFailure(
    "sqlInvalid",
    `two columns have ${how}, ${JSON.stringify(second.name)}, which ${labels[format]} can't hold: name one by AS`,
  );
}
