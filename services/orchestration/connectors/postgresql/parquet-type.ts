import type { BaseType } from "./layout.ts";

/** How a column gets from PostgreSQL into a file. */
export type Passage = {
  /** PostgreSQL's expression for the value in a COPY, by the COPY's format. */
  readonly csv: (column: string) => string;
  readonly binary: (column: string) => string;
  /** Type as which the COPY is read. */
  readonly read: { readonly csv: string; readonly binary: string };
  /** DuckDB's expression for the value of a CSV. */
  readonly write: (column: string) => string;
  /** Type in the file, as DuckDB names it. */
  readonly dataType: string;
};

const itself = (column: string): string => column;

/** A value that is sent in the type's own binary form. */
const direct = (dataType: string): Passage => ({
  csv: itself,
  binary: itself,
  read: { csv: dataType, binary: dataType },
  write: itself,
  dataType,
});

/**
 * What Parquet has no type for that takes every value: PostgreSQL's own text of it. A cast to text may be another one: of
 * `10.0.0.1` it is `10.0.0.1/32`. A composite value of nulls is a value although it `is null`.
 */
const text: Passage = {
  ...direct("VARCHAR"),
  binary: (column) => `case when ${column} is distinct from null then format('%s', ${column}) end`,
};
/** Whose cast to text is its own text, and faster. */
const castText: Passage = { ...text, binary: (column) => `${column}::text` };
/** A type whose binary form is its text. A `char(n)` would lose its blanks by a cast. */
export const textItself = direct("VARCHAR");

const textBy = (source: (column: string) => string): Passage => ({ ...text, csv: source, binary: source });

/** DuckDB reads `(BC)` between the date and the time, PostgreSQL writes it behind both. */
const dated = (dataType: string, format: string, zone: string): Passage => ({
  ...direct(dataType),
  csv: (column) =>
    `case when ${column} >= '0001-01-01' or not isfinite(${column}) then ${column}::text ` +
    `else to_char(${column}, '${format}') || '${zone}' end`,
});

const bytes: Passage = {
  ...direct("BLOB"),
  read: { csv: "VARCHAR", binary: "BLOB" },
  // PostgreSQL writes `\x` and two digits for each byte.
  write: (column) => `unhex(substr(${column}, 3))`,
};

/** JSON has no bounds: an array that does not begin at 1 is PostgreSQL's own text, as `[0:1]={1,2}`. */
const list = textBy(
  (column) =>
    `case when ${column}::text like '[%' then ${column}::text else array_to_json(${column})::text end`,
);
/** Nor does it tell the element `null` from one that is missing. */
const jsonList = textBy(
  (column) =>
    `case when ${column}::text like '[%' or 'null' = any (${column}::text[]) then ${column}::text ` +
    `else array_to_json(${column})::text end`,
);
/** Without the sign of a currency, which depends on where the server stands. */
const money = textBy((column) => `${column}::numeric::text`);

/** By the fixed numbers of PostgreSQL's types. */
const passages: Readonly<Record<number, Passage>> = {
  16: direct("BOOLEAN"),
  17: bytes,
  19: textItself,
  20: direct("BIGINT"),
  21: direct("SMALLINT"),
  23: direct("INTEGER"),
  25: textItself,
  26: direct("UINTEGER"),
  114: textItself,
  199: jsonList,
  700: direct("FLOAT"),
  701: direct("DOUBLE"),
  790: money,
  1186: castText,
  1266: castText,
  1042: textItself,
  1043: textItself,
  1082: dated("DATE", 'YYYY-MM-DD" (BC)"', ""),
  1083: direct("TIME"),
  1114: dated("TIMESTAMP", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', ""),
  1184: dated("TIMESTAMP WITH TIME ZONE", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', "+00"),
  2950: direct("UUID"),
  3802: castText,
  3807: jsonList,
};

const numericOid = 1700;
/** Digits of the longest decimal that Parquet's readers agree on. */
const decimalDigitsMax = 38;

export function passageOf({ oid, modifier, isArray }: BaseType): Passage {
  if (oid === numericOid) return numeric(modifier);
  return passages[oid] ?? (isArray ? list : text);
}

/** A numeric of a fixed scale is a decimal; any other has no bounds that a decimal has. */
function numeric(modifier: number): Passage {
  if (modifier < 0) return castText;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // Eleven bits, the highest of them the sign.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  const fits = precision <= decimalDigitsMax && scale >= 0 && scale <= precision;
  return fits ? direct(`DECIMAL(${precision},${scale})`) : castText;
}
