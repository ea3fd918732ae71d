import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { identifier, literal } from "../sql-text.ts";
import { jsonSql, listDepthMax } from "./json-sql.ts";
import { textSql } from "./text-sql.ts";

/** `table`: a Parquet file whose columns hold every value of their type, if need be as text. */
export type TypedFormat = "parquet" | "arrow" | "table";

/** SQL of a column in a typed format, and whether it is stored as text. */
type TypedSql = { readonly expression: string; readonly isText: boolean };

/**
 * SQL of a column in a typed format: unchanged if the format has the type, else as text that the contract defines; undefined
 * if there is neither.
 */
export function typedSql(
  name: string,
  type: DuckDBType,
  value: string,
  format: TypedFormat,
): TypedSql | undefined {
  const stored = storedType(type, format);
  if (stored === undefined) {
    const expression = textSql(type, value) ?? jsonSql(type, value);
    return expression === undefined ? undefined : { expression, isText: true };
  }
  if (listDepth(type) > listDepthMax) return undefined;
  const isInfinite = hasInfinity(type, value);
  const problem = `the column ${JSON.stringify(name)} has a value beyond all dates or times that the format takes: cast it to VARCHAR`;
  // The cast is outermost, so that both branches have its type.
  const checked =
    isInfinite === undefined
      ? value
      : `CASE WHEN ${isInfinite} THEN error(${literal(problem)}) ELSE ${value} END`;
  return { expression: `(${checked})::${stored}`, isText: false };
}

const sameIn: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DATE,
  DuckDBTypeId.TIME,
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
  DuckDBTypeId.BLOB,
]);

/** Longest decimal that all readers support; a longer HUGEINT fails as out of range. */
const longestDecimal = "DECIMAL(38,0)";

const asText: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.VARCHAR,
  DuckDBTypeId.ENUM,
  DuckDBTypeId.BIT,
  DuckDBTypeId.BIGNUM,
]);

/** DuckDB's type to cast to without changing a value; undefined if the format has none. */
function storedType(type: DuckDBType, format: TypedFormat): string | undefined {
  if (sameIn.has(type.typeId)) return type.toString();
  if (asText.has(type.typeId)) return "VARCHAR";
  switch (type.typeId) {
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
      return format === "table" ? undefined : longestDecimal;
    case DuckDBTypeId.DECIMAL:
      // Arrow's decimals have 16 bytes like DuckDB's with 38 digits; the Arrow type keeps the precision of the column.
      return format === "arrow" ? `DECIMAL(38,${type.scale})` : type.toString();
    case DuckDBTypeId.UUID:
      return format === "arrow" ? "VARCHAR" : "UUID";
    case DuckDBTypeId.TIMESTAMP_S:
      return format === "arrow" ? "TIMESTAMP_S" : "TIMESTAMP";
    case DuckDBTypeId.SQLNULL:
      return "INTEGER";
    default:
      return nestedType(type, format);
  }
}

function nestedType(type: DuckDBType, format: TypedFormat): string | undefined {
  if (type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY) {
    const item = storedType(type.valueType, format);
    return item && `${item}[]`;
  }
  if (type.typeId === DuckDBTypeId.MAP) {
    const [key, value] = [type.keyType, type.valueType].map((one) => storedType(one, format));
    return key && value && `MAP(${key}, ${value})`;
  }
  if (type.typeId !== DuckDBTypeId.STRUCT || type.entryNames.some((name) => name === "")) return undefined;
  const fields = type.entryTypes.map((entryType, index) => {
    const stored = storedType(entryType, format);
    return stored && `${identifier(type.entryNames[index] ?? "")} ${stored}`;
  });
  return fields.some((field) => field === undefined) ? undefined : `STRUCT(${fields.join(", ")})`;
}

/** SQL for whether a value contains an infinity or 24:00:00, which typed formats can't represent. */
function hasInfinity(type: DuckDBType, value: string, depth = 0): string | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.DATE:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return `isinf(${value})`;
    case DuckDBTypeId.TIME:
      return `${value} = TIME '24:00:00'`;
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return anyItem(value, depth, (item) => hasInfinity(type.valueType, item, depth + 1));
    case DuckDBTypeId.MAP:
      return anyItem(`map_entries(${value})`, depth, (entry) =>
        either([
          hasInfinity(type.keyType, `${entry}.key`, depth + 1),
          hasInfinity(type.valueType, `${entry}.value`, depth + 1),
        ]),
      );
    case DuckDBTypeId.STRUCT:
      return either(
        type.entryTypes.map((entryType, index) =>
          hasInfinity(entryType, `struct_extract_at(${value}, ${index + 1})`, depth),
        ),
      );
    default:
      return undefined;
  }
}

/** Nesting depth of lists and maps. */
function listDepth(type: DuckDBType): number {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return 1 + listDepth(type.valueType);
    case DuckDBTypeId.MAP:
      return 1 + Math.max(listDepth(type.keyType), listDepth(type.valueType));
    case DuckDBTypeId.STRUCT:
      return Math.max(0, ...type.entryTypes.map(listDepth));
    default:
      return 0;
  }
}

function anyItem(list: string, depth: number, test: (item: string) => string | undefined) {
  const item = `sluice_item${depth}`;
  const found = test(item);
  return found && `len(list_filter(${list}, lambda ${item}: coalesce(${found}, false))) > 0`;
}

function either(tests: readonly (string | undefined)[]): string | undefined {
  const known = tests.filter((test) => test !== undefined);
  return known.length === 0 ? undefined : `(${known.map((test) => `coalesce(${test}, false)`).join(" OR ")})`;
}
