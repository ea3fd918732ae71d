import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";
import { literal } from "../sql-text.ts";

/** DuckDB's SQL for a value of a type, from SQL for the value. Missing values stay missing. */
type ToText = (value: string) => string;

const cast: ToText = (value) => `(${value})::VARCHAR`;

/** Years of four digits, which DuckDB's own text has in ISO 8601's form. */
const inFourDigits = (value: string, type: string, zone = ""): string =>
  `${value} BETWEEN ${type} '0001-01-01 00:00:00${zone}' AND ${type} '9999-12-31 23:59:59.999999${zone}'`;

const isoYear = (year: string): string =>
  `CASE WHEN ${year} BETWEEN 0 AND 9999 THEN format('{:04d}', ${year}) WHEN ${year} < 0 THEN format('-{:06d}', -${year}) ` +
  `ELSE format('+{:06d}', ${year}) END`;

const anyIsoDate: ToText = (value) =>
  `(${isoYear(`year(${value})`)} || '-' || format('{:02d}', month(${value})) || '-' || format('{:02d}', day(${value})))`;

const date: ToText = (value) =>
  `CASE WHEN ${value} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' OR isinf(${value}) THEN ${cast(value)} ` +
  `ELSE ${anyIsoDate(value)} END`;

const anyIsoTimestamp: ToText = (value) =>
  `(${anyIsoDate(`(${value})::DATE`)} || 'T' || ${cast(`(${value})::TIME`)})`;

const timestamp: ToText = (value) =>
  `CASE WHEN ${inFourDigits(value, "TIMESTAMP")} THEN replace(${cast(value)}, ' ', 'T') ` +
  `WHEN isinf(${value}) THEN ${cast(value)} ELSE ${anyIsoTimestamp(value)} END`;

/** In a session whose zone is UTC the text ends in `+00`. */
const timestampInUtc: ToText = (value) =>
  `CASE WHEN ${inFourDigits(value, "TIMESTAMPTZ", "+00")} THEN replace((${cast(value)})[:-4], ' ', 'T') || 'Z' ` +
  `WHEN isinf(${value}) THEN ${cast(value)} ELSE ${anyIsoTimestamp(`timezone('UTC', ${value})`)} || 'Z' END`;

/** All of them are years of four digits. */
const timestampNanoseconds: ToText = (value) => `replace(${cast(value)}, ' ', 'T')`;

const timeWithZone: ToText = (value) => `regexp_replace(${cast(value)}, '([+-]\\d\\d)$', '\\1:00')`;

const unit = (amount: string, letter: string): string =>
  `CASE WHEN ${amount} = 0 THEN '' ELSE ${cast(amount)} || '${letter}' END`;

function interval(value: string): string {
  const part = (name: string) => `extract(${name} FROM ${value})`;
  const micros = part("microsecond");
  const fraction = `CASE WHEN ${micros} % 1000000 = 0 THEN '' ELSE '.' || rtrim(format('{:06d}', abs(${micros}) % 1000000), '0') END`;
  const seconds =
    `CASE WHEN ${micros} = 0 THEN '' ELSE CASE WHEN ${micros} < 0 THEN '-' ELSE '' END || ` +
    `(abs(${micros}) // 1000000)::VARCHAR || ${fraction} || 'S' END`;
  const days = [unit(part("year"), "Y"), unit(part("month"), "M"), unit(part("day"), "D")].join(" || ");
  const time = [unit(part("hour"), "H"), unit(part("minute"), "M"), seconds].join(" || ");
  return (
    `CASE WHEN (${days}) = '' AND (${time}) = '' THEN 'PT0S' ` +
    `ELSE 'P' || (${days}) || CASE WHEN (${time}) = '' THEN '' ELSE 'T' || (${time}) END END`
  );
}

/** A number as it is; what is none in JSON goes by its name. */
const floating =
  (quote: string): ToText =>
  (value) =>
    `CASE WHEN isfinite(${value}) THEN ${cast(value)} WHEN isnan(${value}) THEN '${quote}NaN${quote}' ` +
    `WHEN ${value} > 0 THEN '${quote}Infinity${quote}' WHEN ${value} < 0 THEN '${quote}-Infinity${quote}' END`;

const numbers: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.SQLNULL,
]);

const texts = new Map<DuckDBTypeId, ToText>([
  ...[...numbers].map((id) => [id, cast] as const),
  ...[
    DuckDBTypeId.BIGINT,
    DuckDBTypeId.UBIGINT,
    DuckDBTypeId.HUGEINT,
    DuckDBTypeId.UHUGEINT,
    DuckDBTypeId.BIGNUM,
    DuckDBTypeId.DECIMAL,
    DuckDBTypeId.VARCHAR,
    DuckDBTypeId.ENUM,
    DuckDBTypeId.UUID,
    DuckDBTypeId.BIT,
    DuckDBTypeId.TIME,
    DuckDBTypeId.TIME_NS,
  ].map((id) => [id, cast] as const),
  [DuckDBTypeId.FLOAT, floating("")],
  [DuckDBTypeId.DOUBLE, floating("")],
  [DuckDBTypeId.BLOB, (value) => `base64(${value})`],
  [DuckDBTypeId.DATE, date],
  [DuckDBTypeId.TIMESTAMP, timestamp],
  [DuckDBTypeId.TIMESTAMP_S, timestamp],
  [DuckDBTypeId.TIMESTAMP_MS, timestamp],
  [DuckDBTypeId.TIMESTAMP_NS, timestampNanoseconds],
  [DuckDBTypeId.TIMESTAMP_TZ, timestampInUtc],
  [DuckDBTypeId.TIME_TZ, timeWithZone],
  [DuckDBTypeId.INTERVAL, interval],
]);

/** SQL for a single value's text as the contract spells it; undefined for nested types and those without a text. */
export const textSql = (type: DuckDBType, value: string): string | undefined =>
  texts.get(type.typeId)?.(value);

/** SQL for a value as JSON text, as the contract spells it; undefined where a type has no spelling. */
export function jsonSql(type: DuckDBType, value: string, depth = 0): string | undefined {
  if (numbers.has(type.typeId)) return cast(value);
  switch (type.typeId) {
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return floating('"')(value);
    case DuckDBTypeId.VARCHAR:
      return type.alias === "JSON" ? document(value) : quoted(value);
    case DuckDBTypeId.ENUM:
      return quoted(value);
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY:
      return list(type.valueType, value, depth);
    case DuckDBTypeId.MAP:
      return map(type, value, depth);
    case DuckDBTypeId.STRUCT:
      return struct(type, value, depth);
    case DuckDBTypeId.UNION:
      return union(type, value, depth);
    default: {
      const text = textSql(type, value);
      return text && `'"' || ${text} || '"'`;
    }
  }
}

const quoted: ToText = (value) => `to_json(${cast(value)})::VARCHAR`;

/**
 * A JSON document byte for byte, but for line ends between its tokens. DuckDB takes NaN, infinities and commas behind the
 * last member for JSON: such a text, looked at without its strings, stays text.
 */
function document(value: string): string {
  const bare = `regexp_replace(${cast(value)}, '"(\\\\.|[^"\\\\])*"', '', 'g')`;
  const isStrict = `json_valid(${cast(value)}) AND NOT regexp_matches(${bare}, '(?i)nan|inf|,\\s*[}\\]]')`;
  return (
    `CASE WHEN ${isStrict} THEN translate(${cast(value)}, chr(10) || chr(13), '  ') ` +
    `WHEN ${value} IS NOT NULL THEN ${quoted(value)} END`
  );
}

const orNull = (json: string | undefined): string | undefined => json && `coalesce(${json}, 'null')`;

/** Lists in lists, at the most: DuckDB takes twice as long for each more to understand what is done with its items. */
export const listDepthMax = 8;

function list(valueType: DuckDBType, value: string, depth: number): string | undefined {
  if (depth >= listDepthMax) return undefined;
  const item = `sluice_item${depth}`;
  const json = orNull(jsonSql(valueType, item, depth + 1));
  return json && `'[' || array_to_string(list_transform(${value}, lambda ${item}: ${json}), ',') || ']'`;
}

function map(type: DuckDBType & { typeId: DuckDBTypeId.MAP }, value: string, depth: number) {
  if (depth >= listDepthMax) return undefined;
  const entry = `sluice_item${depth}`;
  const key = orNull(jsonSql(type.keyType, `${entry}.key`, depth + 1));
  const content = orNull(jsonSql(type.valueType, `${entry}.value`, depth + 1));
  const json = key && content && `'{"key":' || ${key} || ',"value":' || ${content} || '}'`;
  return (
    json &&
    `'[' || array_to_string(list_transform(map_entries(${value}), lambda ${entry}: ${json}), ',') || ']'`
  );
}

/** An object, or a list where the fields have no names. */
function struct(type: DuckDBType & { typeId: DuckDBTypeId.STRUCT }, value: string, depth: number) {
  const isNamed = type.entryNames.every((name) => name !== "");
  const fields = type.entryTypes.map((entryType, index) => {
    const json = orNull(jsonSql(entryType, `struct_extract_at(${value}, ${index + 1})`, depth));
    const name = isNamed ? `${literal(`${JSON.stringify(type.entryNames[index])}:`)} || ` : "";
    return json && name + json;
  });
  if (fields.some((field) => field === undefined)) return undefined;
  const [open, close] = isNamed ? ["{", "}"] : ["[", "]"];
  return `CASE WHEN ${value} IS NOT NULL THEN '${open}' || ${fields.join(" || ',' || ")} || '${close}' END`;
}

/** An object with the one member that is set. */
function union(type: DuckDBType & { typeId: DuckDBTypeId.UNION }, value: string, depth: number) {
  const members = type.memberTypes.map((memberType, index) => {
    const tag = type.memberTags[index] ?? "";
    const json = orNull(jsonSql(memberType, `union_extract(${value}, ${literal(tag)})`, depth));
    const open = literal(`{${JSON.stringify(tag)}:`);
    return json && `WHEN ${literal(tag)} THEN ${open} || ${json} || '}'`;
  });
  if (members.some((member) => member === undefined)) return undefined;
  return `CASE union_tag(${value})::VARCHAR ${members.join(" ")} END`;
}
