import type { DateKind } from "./number-format.ts";
import { toSerialDate } from "./serial-date.ts";

/**
 * What a value is. Integers up to 2^53 are as exact as a double; longer ones are apart. Digits are numbers with more of
 * them than a double keeps.
 */
export type ValueKind =
  | "integer"
  | "long integer"
  | "decimal"
  | "digits"
  | "text"
  | "boolean"
  | "date"
  | "timestamp"
  | "time";

/** A value as text that DuckDB reads as the type of its kind. */
export type CellValue = { readonly kind: ValueKind; readonly text: string };

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/;
const integerDigitsMax = 19;
const plainInteger = new RegExp(`^-?\\d{1,${integerDigitsMax}}$`);
const int64Max = 2n ** 63n - 1n;
/** Decimal digits that tell every double from the others. */
const doubleDigits = 17;

/** A number as it is stored, or the day that its format shows. Undefined if it is no number. */
export function toNumber(raw: string, kind: DateKind | undefined, is1904: boolean): CellValue | undefined {
  if (!number.test(raw)) return undefined;
  const value = Number(raw);
  const isExact = isStored(raw, value);
  const date = kind && isExact ? toSerialDate(value, kind, is1904) : undefined;
  if (date) return date;
  if (plainInteger.test(raw)) return toInteger(BigInt(raw), raw);
  if (!isExact) return { kind: "digits", text: raw };
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
  return { kind: isInteger ? "integer" : "decimal", text: Object.is(value, -0) ? "-0" : String(value) };
}

function toInteger(value: bigint, raw: string): CellValue {
  if (value === 0n && raw.startsWith("-")) return { kind: "decimal", text: "-0" };
  const size = value < 0n ? -value : value;
  if (size > int64Max) return { kind: "digits", text: raw };
  return {
    kind: size > BigInt(Number.MAX_SAFE_INTEGER) ? "long integer" : "integer",
    text: value.toString(),
  };
}

/** Whether a text is a double, rounded to the digits that the text has. */
function isStored(raw: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const digits = significant(raw);
  if (digits === "0") return value === 0;
  const count = digits.split("e")[0]?.length ?? 0;
  return count <= doubleDigits && significant(value.toPrecision(count)) === digits;
}

/** Digits without zeros around them, and the exponent of the last one: 1.50 is 15e-1. */
function significant(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().replace(/^[+-]/, "").split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const short = digits.replace(/0+$/, "");
  if (short === "") return "0";
  return `${short}e${Number(exponent) - fraction.length + digits.length - short.length}`;
}

const isoDate = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}:\d{2})(\.\d{1,6})?)?Z?$/;

/** A day in ISO 8601, as some programs store it. */
export function toIsoDate(raw: string): CellValue | undefined {
  const [, date, time, fraction = ""] = isoDate.exec(raw) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(date))) return undefined;
  if (time === undefined || (time === "00:00:00" && /^[.0]*$/.test(fraction)))
    return { kind: "date", text: date };
  return { kind: "timestamp", text: `${date} ${time}${fraction}` };
}
