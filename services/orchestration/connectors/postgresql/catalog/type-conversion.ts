import type { Comparison } from "../../connector.ts";
import type { BaseType } from "./layout.ts";

/** How values of a type get from PostgreSQL into a file. */
export type TypeConversion = {
  /** PostgreSQL's expression for the value in a COPY, per format. */
  readonly csv: (column: string) => string;
  readonly binary: (column: string) => string;
  /** DuckDB's type as which the COPY is read, per format. */
  readonly read: { readonly csv: string; readonly binary: string };
  /** DuckDB's expression for the value in the file. */
  readonly write: (column: string) => string;
  /** DuckDB's type in the file. */
  readonly dataType: string;
  /** Conditions on the column, and PostgreSQL's type of their values. */
  readonly comparison?: Comparison & { readonly valueType: string };
};

/** Values compare as in DuckDB. */
const ordered = (valueType: string, conversion: TypeConversion): TypeConversion => ({
  ...conversion,
  comparison: { operators: "order", isExact: true, hasAllNulls: true, valueType },
});

/** Equal texts are equal by every collation; others may be, too, and their order may differ. */
const equatable = (valueType: string, conversion: TypeConversion): TypeConversion => ({
  ...conversion,
  comparison: { operators: "equality", isExact: false, hasAllNulls: true, valueType },
});

const nullable = (conversion: TypeConversion): TypeConversion => ({
  ...conversion,
  comparison: { operators: "none", isExact: true, hasAllNulls: true, valueType: "" },
});

const itself = (column: string): string => column;

/** The value is sent in the binary format of its type. */
const direct = (dataType: string): TypeConversion => ({
  csv: itself,
  binary: itself,
  read: { csv: dataType, binary: dataType },
  write: itself,
  dataType,
});

/**
 * PostgreSQL's text output, for types without a Parquet type that holds every value. A cast to text can differ: it makes
 * `10.0.0.1/32` of the inet `10.0.0.1`. A composite value of nulls is a value although it `is null`.
 */
const text: TypeConversion = {
  ...direct("VARCHAR"),
  binary: (column) => `case when ${column} is distinct from null then format('%s', ${column}) end`,
};
/** For types whose cast to text equals the text output, and is faster. */
const castText: TypeConversion = { ...text, binary: (column) => `${column}::text` };
/** For types whose binary format is their text. A cast would strip the trailing blanks of `char(n)`. */
export const textItself = direct("VARCHAR");

const textBy = (source: (column: string) => string): TypeConversion => ({
  ...text,
  csv: source,
  binary: source,
});

/** DuckDB expects `(BC)` between date and time, PostgreSQL writes it at the end. */
const dated = (dataType: string, format: string, zone: string): TypeConversion => ({
  ...direct(dataType),
  csv: (column) =>
    `case when ${column} >= '0001-01-01' or not isfinite(${column}) then ${column}::text ` +
    `else to_char(${column}, '${format}') || '${zone}' end`,
});

const bytes: TypeConversion = {
  ...direct("BLOB"),
  read: { csv: "VARCHAR", binary: "BLOB" },
  // PostgreSQL writes `\x` and two hexadecimal digits per byte.
  write: (column) => `unhex(substr(${column}, 3))`,
};

/** JSON has no bounds, so an array that does not start at 1 stays PostgreSQL's text, as `[0:1]={1,2}`. */
const list = textBy(
  (column) =>
    `case when ${column}::text like '[%' then ${column}::text else array_to_json(${column})::text end`,
);
/** A JSON array can't distinguish the JSON element `null` from an SQL NULL either. */
const jsonList = textBy(
  (column) =>
    `case when ${column}::text like '[%' or 'null' = any (${column}::text[]) then ${column}::text ` +
    `else array_to_json(${column})::text end`,
);
/** Without the currency symbol, which depends on the server's locale. */
const money = textBy((column) => `${column}::numeric::text`);

/** By the fixed OIDs of PostgreSQL's types. */
const conversions: Readonly<Record<number, TypeConversion>> = {
  16: ordered("boolean", direct("BOOLEAN")),
  17: nullable(bytes),
  19: textItself,
  20: ordered("int8", direct("BIGINT")),
  21: ordered("int8", direct("SMALLINT")),
  23: ordered("int8", direct("INTEGER")),
  25: equatable("text", textItself),
  26: direct("UINTEGER"),
  114: textItself,
  199: jsonList,
  700: nullable(direct("FLOAT")),
  701: nullable(direct("DOUBLE")),
  790: money,
  1186: castText,
  1266: castText,
  1042: equatable("bpchar", textItself),
  1043: equatable("text", textItself),
  1082: ordered("date", dated("DATE", 'YYYY-MM-DD" (BC)"', "")),
  1083: nullable(direct("TIME")),
  1114: ordered("timestamp", dated("TIMESTAMP", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', "")),
  1184: ordered("timestamptz", dated("TIMESTAMP WITH TIME ZONE", 'YYYY-MM-DD" (BC) "HH24:MI:SS.US', "+00")),
  2950: nullable(direct("UUID")),
  3802: castText,
  3807: jsonList,
};

const numericOid = 1700;
/** Maximum precision of a decimal that all common Parquet readers support. */
const decimalDigitsMax = 38;

export function conversionOf({ oid, modifier, isArray }: BaseType): TypeConversion {
  if (oid === numericOid) return numeric(modifier);
  return conversions[oid] ?? (isArray ? list : text);
}

/** A numeric with a declared scale is a decimal. Without one it is unbounded, and stays text. */
function numeric(modifier: number): TypeConversion {
  if (modifier < 0) return castText;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // Eleven bits in two's complement.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  const fits = precision <= decimalDigitsMax && scale >= 0 && scale <= precision;
  return fits ? ordered("numeric", direct(`DECIMAL(${precision},${scale})`)) : castText;
}
