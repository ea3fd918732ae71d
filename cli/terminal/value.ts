import type { DescEnum, DescField } from "@bufbuild/protobuf";
import { isMessage, toJson } from "@bufbuild/protobuf";
import { DurationSchema, type Timestamp, TimestampSchema, timestampDate } from "@bufbuild/protobuf/wkt";

/** A time for people, in UTC: `2026-01-31 09:30:00Z`. */
export const formatTime = (time: Timestamp | undefined): string =>
  time ? `${timestampDate(time).toISOString().slice(0, 19).replace("T", " ")}Z` : "";

/** The value of an enum in words: `in review` of `PROJECT_STATE_IN_REVIEW`. */
export function formatEnum(schema: DescEnum, value: number): string {
  const name = schema.value[value]?.name ?? String(value);
  const prefix = schema.sharedPrefix?.toUpperCase() ?? "";
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase().replaceAll("_", " ");
}

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size for people: three digits and a unit. */
export function formatSize(bytes: bigint | number): string {
  const size = Number(bytes);
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10));
  const value = size / 1024 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[power]}`;
}

/** A whole number with separators between thousands. */
export const formatCount = (count: bigint | number): string => count.toLocaleString("en");

/** A single value of a field, for people. Messages other than times are JSON. */
export function formatScalar(field: DescField, value: unknown): string {
  if (field.enum && typeof value === "number") return formatEnum(field.enum, value);
  if (isMessage(value, TimestampSchema)) return formatTime(value);
  if (isMessage(value, DurationSchema)) return String(toJson(DurationSchema, value));
  if (field.name.endsWith("_bytes") && typeof value === "bigint") return formatSize(value);
  if (typeof value === "bigint") return formatCount(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (field.message && isMessage(value)) return JSON.stringify(toJson(field.message, value));
  return typeof value === "object" ? JSON.stringify(value) : String(value ?? "");
}
