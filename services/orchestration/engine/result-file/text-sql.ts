import { type DuckDBType, DuckDBTypeId } from "@duckdb/node-api";

/** Makes SQL of a value's text from SQL of the value. NULL stays NULL. */
export type ToText = (value: string) => string;

export const cast: ToText = (value) => `(${value})::VARCHAR`;

/** For years of four digits DuckDB's text is ISO 8601. */
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

/** In a UTC session the text ends in `+00`. */
const timestampInUtc: ToText = (value) =>
  `CASE WHEN ${inFourDigits(value, "TIMESTAMPTZ", "+00")} THEN replace((${cast(value)})[:-4], ' ', 'T') || 'Z' ` +
  `WHEN isinf(${value}) THEN ${cast(value)} ELSE ${anyIsoTimestamp(`timezone('UTC', ${value})`)} || 'Z' END`;

/** The range of the type has only years of four digits. */
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

/** A number; NaN and the infinities, which JSON lacks, are encoded by name. */
export const floating =
  (quote: string): ToText =>
  (value) =>
    `CASE WHEN isfinite(${value}) THEN ${cast(value)} WHEN isnan(${value}) THEN '${quote}NaN${quote}' ` +
    `WHEN ${value} > 0 THEN '${quote}Infinity${quote}' WHEN ${value} < 0 THEN '${quote}-Infinity${quote}' END`;

/** Types whose text is a JSON number, boolean or null. */
export const jsonScalars: ReadonlySet<DuckDBTypeId> = new Set([
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
  ...[...jsonScalars].map((id) => [id, cast] as const),
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

/** SQL for the text of a scalar as the contract defines; undefined for nested types and those without a text. */
export const textSql = (type: DuckDBType, value: string): string | undefined =>
  texts.get(type.typeId)?.(value);
