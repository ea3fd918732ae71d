import { isoDateOfDays, isoTime, isoTimestamp } from "../../results/iso.ts";

// Formats like DuckDB, which writes the statistics of other extracts.

const int32Max = 0x7fff_ffff;
const int64Max = 2n ** 63n - 1n;

export function formatDate(days: number): string {
  if (Math.abs(days) === int32Max) return days > 0 ? "infinity" : "-infinity";
  return withEra(isoDateOfDays(days));
}

export const formatTime = (micros: bigint): string => isoTime(micros, 6);

export function formatTimestamp(micros: bigint): string {
  if (micros === int64Max || micros === -int64Max) return micros > 0n ? "infinity" : "-infinity";
  const [date = "", time = ""] = isoTimestamp(micros, 6).split("T");
  return `${withEra(date)} ${time}`;
}

export function formatTimestampTz(micros: bigint): string {
  const text = formatTimestamp(micros);
  return text.endsWith("infinity") ? text : `${text}+00`;
}

/** ISO 8601 writes 44 BC as the year -43, and a sign before years of more than four digits. */
function withEra(iso: string): string {
  const [, sign, year = "", rest] = /^([+-]?)(\d+)(-.*)$/.exec(iso) ?? [];
  if (sign === "") return iso;
  if (sign === "+") return `${Number(year)}${rest}`;
  return `${String(Number(year) + 1).padStart(4, "0")}${rest} (BC)`;
}
