import { isObject, type Json, type JsonObject } from "../gate/rule.ts";

const integers = new Set([
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
]);

const dayMs = 86_400_000n;
const dayMicros = 86_400_000_000n;
/** Days of 0001-01-01 and 9999-12-31. Databases write other years in other ways, and infinities are beyond. */
const daysMin = -719_162n;
const daysMax = 2_932_896n;

/**
 * The text of a constant in a serialized plan; undefined for a type that sources do not compare as DuckDB does, for NULL and
 * for values that databases do not have. Numbers were parsed as texts, because they may be larger than doubles are exact.
 */
export function textOf(constant: Json | undefined): string | undefined {
  if (!isObject(constant) || constant.is_null !== false || !isObject(constant.type)) return undefined;
  const { type, value } = constant;
  const { id } = type;
  if (typeof value === "boolean") return id === "BOOLEAN" ? String(value) : undefined;
  if (id === "VARCHAR") return stringOf(value);
  const integer = integerOf(value);
  if (integer === undefined || typeof id !== "string") return undefined;
  if (integers.has(id)) return String(integer);
  if (id === "DATE") return dateOf(integer);
  if (id === "TIMESTAMP") return timestampOf(integer);
  if (id === "TIMESTAMP WITH TIME ZONE") {
    const text = timestampOf(integer);
    return text && `${text}+00`;
  }
  return id === "DECIMAL" ? decimalOf(integer, type) : undefined;
}

const stringOf = (value: Json | undefined): string | undefined =>
  typeof value === "string" && !value.includes("\0") && value.isWellFormed() ? value : undefined;

/** A number, or one of 128 bits as two of 64. */
function integerOf(value: Json | undefined): bigint | undefined {
  if (isNumber(value)) return BigInt(value.number);
  if (!isObject(value) || !isNumber(value.upper) || !isNumber(value.lower)) return undefined;
  return (BigInt(value.upper.number) << 64n) + BigInt(value.lower.number);
}

/** How `parsePlan` returns a number. */
const isNumber = (value: Json | undefined): value is { number: string } =>
  isObject(value) && typeof value.number === "string" && /^-?\d+$/.test(value.number);

/** Parses a plan without a loss of digits: each number becomes an object with its text. */
export const parsePlan = (text: string): Json =>
  JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === "number" ? { number: source ?? String(value) } : value) as (
    key: string,
    value: unknown,
  ) => unknown);

/** A small number of a parsed plan, such as an index. */
export const numberOf = (value: Json | undefined): number | undefined =>
  isNumber(value) ? Number(value.number) : undefined;

function dateOf(days: bigint): string | undefined {
  if (days < daysMin || days > daysMax) return undefined;
  return new Date(Number(days * dayMs)).toISOString().slice(0, 10);
}

function timestampOf(micros: bigint): string | undefined {
  const inDay = ((micros % dayMicros) + dayMicros) % dayMicros;
  const date = dateOf((micros - inDay) / dayMicros);
  if (date === undefined) return undefined;
  const part = (unit: bigint, count: bigint) => String((inDay / unit) % count).padStart(2, "0");
  const clock = [part(3_600_000_000n, 24n), part(60_000_000n, 60n), part(1_000_000n, 60n)].join(":");
  return `${date} ${clock}.${String(inDay % 1_000_000n).padStart(6, "0")}`;
}

function decimalOf(unscaled: bigint, { type_info: info }: JsonObject): string | undefined {
  const scale = isObject(info) ? numberOf(info.scale) : undefined;
  if (scale === undefined) return undefined;
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-scale)}`;
}
