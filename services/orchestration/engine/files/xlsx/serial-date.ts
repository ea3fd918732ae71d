import type { DateKind } from "./number-format.ts";

/** A day or time as ISO text. */
export type SerialDate = { readonly kind: "date" | "timestamp" | "time"; readonly text: string };

const dayMs = 86_400_000;
const dayMicros = 86_400_000_000;
/** The last day of the year 9999, as a number of days since 1899-12-30. */
const lastSerial1900 = 2_958_465;
const daysBetweenSystems = 1462;
/** The day 60 is 29 February 1900, which no calendar has; the days before it are counted from one day later. */
const inventedDay = 60;
/** A double of this size is as fine as a microsecond: milliseconds are what programs store. */
const tolerance = 2;

/** The day and time that a number stands for; undefined if there is none, and the number stays one. */
export function toSerialDate(serial: number, kind: DateKind, is1904: boolean): SerialDate | undefined {
  // Programs show no day before the first one of the workbook's system.
  if (serial < 0) return undefined;
  const day = Math.floor(serial);
  const micros = toMicros(serial - day);
  if (kind === "time" && day === 0 && micros < dayMicros) return { kind: "time", text: timeOf(micros) };
  const whole = micros === dayMicros ? day + 1 : day;
  const since = is1904 ? whole + daysBetweenSystems : whole;
  if (!is1904 && (whole < 1 || whole === inventedDay)) return undefined;
  if (since > lastSerial1900) return undefined;
  const shift = !is1904 && whole < inventedDay ? 1 : 0;
  const date = new Date(Date.UTC(1899, 11, 30) + (since + shift) * dayMs).toISOString().slice(0, 10);
  const rest = micros === dayMicros ? 0 : micros;
  return rest === 0 && kind === "date"
    ? { kind: "date", text: date }
    : { kind: "timestamp", text: `${date} ${timeOf(rest)}` };
}

function toMicros(fraction: number): number {
  const micros = Math.round(fraction * dayMicros);
  const millis = Math.round(micros / 1000) * 1000;
  return Math.abs(micros - millis) <= tolerance ? millis : micros;
}

function timeOf(micros: number): string {
  const pad = (value: number, length = 2) => String(value).padStart(length, "0");
  const seconds = Math.floor(micros / 1_000_000);
  const rest = micros % 1_000_000;
  const fraction = rest === 0 ? "" : `.${pad(rest, 6).replace(/0+$/, "")}`;
  return `${pad(Math.floor(seconds / 3600))}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}${fraction}`;
}
