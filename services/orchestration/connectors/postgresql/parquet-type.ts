import type { BaseType } from "./layout.ts";

/** How a column gets from PostgreSQL into a file. */
export type Passage = {
  /** PostgreSQL's expression for the value in a COPY. */
  readonly source: (column: string) => string;
  /** Type as which DuckDB reads the COPY. */
  readonly read: string;
  /** DuckDB's expression for the value in the file. */
  readonly write: (column: string) => string;
  /** Type in the file, as DuckDB names it. */
  readonly dataType: string;
};

const itself = (column: string): string => column;

const direct = (dataType: string): Passage => ({ source: itself, read: dataType, write: itself, dataType });

/** What Parquet has no type for that takes every value: PostgreSQL's own text of it. */
const text = direct("VARCHAR");

/** DuckDB reads `(BC)` between the date and the time, PostgreSQL writes it behind both. */
const dated = (dataType: string, format: string, zone: string): Passage => ({
  ...direct(dataType),
  source: (column) =>
    `case when ${column} >= '0001-01-01' or not isfinite(${column}) then ${column}::text ` +
    `else to_char(${column}, '${format}') || '${zone}' end`,
});

const bytes: Passage = {
  source: itself,
  read: "VARCHAR",
  // PostgreSQL writes `\x` and two digits for each byte.
  write: (column) => `unhex(substr(${column}, 3))`,
  dataType: "BLOB",
};

const list: Passage = { ...text, source: (column) => `array_to_json(${column})::text` };
/** Without the sign of a currency, which depends on where the server stands. */
const money: Passage = { ...text, source: (column) => `${column}::numeric::text` };

/** By the fixed numbers of PostgreSQL's types. */
const passages: Readonly<Record<number, Passage>> = {
  16: direct("BOOLEAN"),
  17: bytes,
  20: direct("BIGINT"),
  21: direct("SMALLINT"),
  23: direct("INTEGER"),
  26: direct("UINTEGER"),
  700: direct("FLOAT"),
  701: direct("DOUBLE"),
  790: money,
  1082: dated("DATE", 'YYYY-MM-DD" (BC)"', ""),
  1083: direct("TIME"),
  1114: dated("TIMESTAMP", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', ""),
  1184: dated("TIMESTAMP WITH TIME ZONE", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', "+00"),
  2950: direct("UUID"),
};

const numericOid = 1700;
/** Digits of the longest decimal that Parquet's readers agree on. */
const decimalDigitsMax = 38;

export function passageOf({ oid, modifier, isArray }: BaseType): Passage {
  if (isArray) return list;
  return oid === numericOid ? numeric(modifier) : (passages[oid] ?? text);
}

/** A numeric of a fixed scale is a decimal; any other has no bounds that a decimal has. */
function numeric(modifier: number): Passage {
  if (modifier < 0) return text;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // Eleven bits, the highest of them the sign.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  const fits = precision <= decimalDigitsMax && scale >= 0 && scale <= precision;
  return fits ? direct(`DECIMAL(${precision},${scale})`) : text;
}
