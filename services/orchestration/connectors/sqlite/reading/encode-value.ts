import type { EncodedValue } from "../../../results/encoded-value.ts";
import { encodeDouble } from "../../../results/encoded-value.ts";
import { isInvalidText, type SqliteValue } from "../database/statement.ts";
import type { ColumnType } from "./column-type.ts";

/** A value that can't be written exactly; the message says what it is. */
export class ValueMismatch extends Error {
  override name = "ValueMismatch";
}

/** Integers up to here are doubles exactly. */
const exactIntegerMax = 2n ** 53n;

/** A value of a result, as the contract encodes it. Throws ValueMismatch. */
export function encodeResult(value: SqliteValue): EncodedValue {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return encodeDouble(value);
  if (isInvalidText(value)) throw new ValueMismatch("a text that is not UTF-8");
  return value.toString("base64");
}

/** A value as text that DuckDB reads as this type without a change. Throws ValueMismatch. */
export function encodeText(value: SqliteValue, type: ColumnType): string | null {
  if (value === null) return null;
  if (typeof value === "bigint") return encodeInteger(value, type);
  if (typeof value === "number") {
    if (type === "DOUBLE" || type === "VARCHAR") return Object.is(value, -0) ? "-0.0" : String(value);
    throw new ValueMismatch(`the number ${value}, which is not of the type ${type}`);
  }
  if (isInvalidText(value)) throw new ValueMismatch("a text that is not UTF-8");
  if (typeof value === "string") return encodeString(value, type);
  if (type === "BLOB") return value.toString("hex");
  throw new ValueMismatch(`a blob, which is not of the type ${type}`);
}

function encodeInteger(value: bigint, type: ColumnType): string {
  if (type === "BIGINT" || type === "VARCHAR") return value.toString();
  if (type === "DOUBLE" && value >= -exactIntegerMax && value <= exactIntegerMax) return value.toString();
  if (type === "BOOLEAN" && (value === 0n || value === 1n)) return value === 1n ? "true" : "false";
  throw new ValueMismatch(`the integer ${value}, which is not of the type ${type}`);
}

function encodeString(value: string, type: ColumnType): string {
  // The engine's reader would end the text there.
  if (value.includes("\0")) throw new ValueMismatch("a text with a NUL character");
  if (type === "VARCHAR" || (type in textForms && textForms[type as keyof typeof textForms](value)))
    return value;
  throw new ValueMismatch(`a text that is not of the type ${type}`);
}

const timePattern = String.raw`([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?`;
const timeForm = new RegExp(`^${timePattern}$`);
const timestampForm = new RegExp(`^(\\d{4}-\\d{2}-\\d{2})[ T]${timePattern}$`);

const textForms = {
  DATE: isDate,
  TIME: (text: string) => timeForm.test(text),
  TIMESTAMP: (text: string) => isDate(timestampForm.exec(text)?.[1] ?? ""),
};

/** Whether it is a day of the calendar. */
function isDate(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
