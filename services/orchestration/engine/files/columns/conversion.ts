import { doubleMismatch } from "../../database/duckdb-error.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";

/** Makes SQL of a value from SQL of its text. */
export type Conversion = (text: string) => string;

/** A type in which every value of a column is exact. */
export type ColumnType = {
  readonly dataType: string;
  /** Undefined if DuckDB's reader casts by itself. */
  readonly convert?: Conversion | undefined;
  /** The fallback if `convert` fails with `doubleMismatch`. */
  readonly fallback?: ColumnType | undefined;
  /** Notation of the values, where the type does not imply it. */
  readonly form?: string | undefined;
  /** Why the column is text, if that is not obvious. */
  readonly note?: string | undefined;
};

export const byFormats =
  (formats: readonly string[], dataType: string): Conversion =>
  (text) =>
    `CAST(strptime(${text}, [${formats.map(literal).join(", ")}]) AS ${dataType})`;

/** Rewrites a number to DuckDB's notation; undefined if it already has it. */
export function plainNumber({
  decimalSeparator,
  thousandsSeparator,
}: ReadingSettings): Conversion | undefined {
  const isUsual = thousandsSeparator === undefined && (decimalSeparator ?? ".") === ".";
  if (isUsual) return undefined;
  return (text) => {
    const whole =
      thousandsSeparator === undefined ? text : `replace(${text}, ${literal(thousandsSeparator)}, '')`;
    return decimalSeparator === "," ? `replace(${whole}, ',', '.')` : whole;
  };
}

export const castOf =
  (dataType: string, plain: Conversion): Conversion =>
  (text) =>
    `CAST(${plain(text)} AS ${dataType})`;

/** Decimal digits that survive a round trip through a double. */
const safeDigits = 15;

/** toDouble for texts with exponents, which must be the double's shortest notation. */
export const toFloat: Conversion = (text) => {
  const isSuspect = `strlen(${text}) > ${safeDigits} OR contains(${text}, 'e') OR contains(${text}, 'E')`;
  return doubleUnless(isSuspect, text);
};

/** The double whose notation is the text; any other text is an error. */
export const toDouble =
  (toPlain: Conversion): Conversion =>
  (text) => {
    const plain = toPlain(text);
    const isSuspect = `strlen(${text}) > ${safeDigits} + CAST(contains(${plain}, '.') AS INTEGER)`;
    return doubleUnless(isSuspect, plain);
  };

/** Only suspect texts are compared with the notation of their double: that takes several times as long as parsing. */
const doubleUnless = (isSuspect: string, plain: string): string => {
  const double = `CAST(${plain} AS DOUBLE)`;
  const checked = `CASE WHEN CAST(${double} AS VARCHAR) = ${plain} THEN ${double} ELSE error(${literal(doubleMismatch)}) END`;
  return `CASE WHEN ${isSuspect} THEN ${checked} ELSE ${double} END`;
};
