import { isId } from "../values/ids.ts";
import type { Field } from "./fields.ts";

/** A value of a filter in the type of its field. Times are milliseconds since 1970, with a fraction. */
export type FieldValue =
  | { readonly kind: "text" | "id" | "words" | "map" | "word"; readonly value: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "time"; readonly value: TimeRange };

/** The whole milliseconds around a time. They are equal if the time is a whole millisecond. */
export type TimeRange = { readonly floorMs: number; readonly ceilMs: number };

/** Reads a value. A text of the result says what the field takes instead. */
export function readValue(field: Field, text: string): FieldValue | string {
  switch (field.kind) {
    case "text":
    case "words":
    case "map":
      return { kind: field.kind, value: text };
    case "id":
      return isId(text.toLowerCase()) ? { kind: "id", value: text.toLowerCase() } : "a UUID";
    case "boolean":
      return text === "true" || text === "false"
        ? { kind: "boolean", value: text === "true" }
        : "true or false";
    case "word": {
      const value = field.stored?.get(text.toLowerCase());
      return value === undefined
        ? `one of ${[...(field.stored?.keys() ?? [])].join(", ")}`
        : { kind: "word", value };
    }
    case "integer":
      return readInteger(text);
    case "time":
      return readTime(text);
  }
}

function readInteger(text: string): FieldValue | string {
  if (!/^[+-]?\d{1,19}$/.test(text)) return "an integer of 64 bits";
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? { kind: "integer", value } : "an integer of 64 bits";
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const timeWanted = "a time of RFC 3339, such as 2026-01-31T12:00:00Z";

function readTime(text: string): FieldValue | string {
  const [, year, month, day, hour, minute, second, fraction = "", sign, hours = "0", minutes = "0"] =
    rfc3339.exec(text) ?? [];
  const parts = [year, month, day, hour, minute, second].map(Number);
  const [y = Number.NaN, mo = 0, d = 0, h = 0, mi = 0, s = 0] = parts;
  const local = new Date(0);
  local.setUTCFullYear(y, mo - 1, d);
  local.setUTCHours(h, mi, s);
  // Date carries 30 February over to March, which is no time of RFC 3339.
  const isReal = local.getUTCMonth() === mo - 1 && local.getUTCDate() === d && h < 24 && mi < 60 && s < 60;
  if (!isReal || y < 1 || Number(hours) > 23 || Number(minutes) > 59) return timeWanted;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
  const floorMs = local.getTime() - offsetMs + Number(fraction.padEnd(3, "0").slice(0, 3));
  const isWhole = /^0*$/.test(fraction.slice(3));
  return { kind: "time", value: { floorMs, ceilMs: isWhole ? floorMs : floorMs + 1 } };
}
