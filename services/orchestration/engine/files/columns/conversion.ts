import { doubleMismatch } from "../../database/duckdb-error.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { literal } from "../../sql-text.ts";

/** SQL for a value from the SQL for its text. */
export type Conversion = (text: string) => string;

/** A type that keeps every value of a column. */
export type ColumnType = {
  readonly dataType: string;
  /** Undefined where DuckDB's own cast does while it reads. */
  readonly convert?: Conversion | undefined;
  /** The type that is right where `convert` fails with `doubleMismatch`. */
  readonly otherwise?: ColumnType | undefined;
  /** Name of the form that all values have, where it is not plain from the type. */
  readonly form?: string | undefined;
  /** Why it is text, where somebody may ask. */
  readonly note?: string | undefined;
};

export const byFormats =
  (formats: readonly string[], dataType: string): Conversion =>
  (text) =>
    `CAST(strptime(${text}, [${formats.map(literal).join(", ")}]) AS ${dataType})`;

/** A number as DuckDB writes it; the text itself where the marks are the usual ones. */
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

/** Digits that a double always gives back. */
const safeDigits = 15;

/** As toDouble, for texts some of which have an exponent: these have to be what programs write of the double. */
export const toFloat: Conversion = (text) => {
  const isSuspect = `strlen(${text}) > ${safeDigits} OR contains(${text}, 'e') OR contains(${text}, 'E')`;
  return doubleUnless(isSuspect, text);
};

/** The double that is written as the text; another text is an error. */
export const toDouble =
  (toPlain: Conversion): Conversion =>
  (text) => {
    const plain = toPlain(text);
    const isSuspect = `strlen(${text}) > ${safeDigits} + CAST(contains(${plain}, '.') AS INTEGER)`;
    return doubleUnless(isSuspect, plain);
  };

/** Only a suspect text is compared with what its double is written as: that takes several times as long as reading it. */
const doubleUnless = (isSuspect: string, plain: string): string => {
  const double = `CAST(${plain} AS DOUBLE)`;
  const checked = `CASE WHEN CAST(${double} AS VARCHAR) = ${plain} THEN ${double} ELSE error(${literal(doubleMismatch)}) END`;
  return `CASE WHEN ${isSuspect} THEN ${checked} ELSE ${double} END`;
};
