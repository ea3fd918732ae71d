/** A date and time as MySQL sends it. Parts that are zero at the end are left out. */
export type Moment = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly seconds: number;
  readonly micros: number;
};

const lengths = [0, 4, 7, 11];
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const secondsPerDay = 86_400;
const microsPerSecond = 1_000_000;

/** Undefined if the length or a part is impossible. */
export function readMoment(row: Buffer, start: number, end: number): Moment | undefined {
  const length = end - start;
  if (!lengths.includes(length)) return undefined;
  const [hours, minutes, rest] =
    length < 7 ? [0, 0, 0] : [row.readUInt8(start + 4), row.readUInt8(start + 5), row.readUInt8(start + 6)];
  const seconds = hours * 3600 + minutes * 60 + rest;
  const micros = length < 11 ? 0 : row.readUInt32LE(start + 7);
  if (minutes > 59 || rest > 59 || seconds >= secondsPerDay || micros >= microsPerSecond) return undefined;
  if (length === 0) return { year: 0, month: 0, day: 0, seconds, micros };
  return {
    year: row.readUInt16LE(start),
    month: row.readUInt8(start + 2),
    day: row.readUInt8(start + 3),
    seconds,
    micros,
  };
}

/** Whether the calendar has the date. MySQL may store zeros in parts, and days that the month does not have. */
export function isInCalendar({ year, month, day }: Moment): boolean {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && isLeap ? 29 : daysOfMonth[month - 1];
  return days !== undefined && day >= 1 && day <= days && year <= 9999;
}

/** As MySQL shows it, as `0000-00-00`. */
export const dateText = ({ year, month, day }: Moment): string =>
  `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;

/** Time of day with the digits that are not zero. */
export function clockText({ seconds, micros }: Pick<Moment, "seconds" | "micros">): string {
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return micros === 0 ? clock : `${clock}.${String(micros).padStart(6, "0").replace(/0+$/, "")}`;
}

const spanLengths = [0, 8, 12];

/** A TIME, which is a span of up to 838 hours, as `-01:02:03.5`. Undefined if the length or a part is impossible. */
export function readSpan(row: Buffer, start: number, end: number): string | undefined {
  const length = end - start;
  if (!spanLengths.includes(length)) return undefined;
  if (length === 0) return "00:00:00";
  const days = row.readUInt32LE(start + 1);
  const [hours, minutes, rest] = [
    row.readUInt8(start + 5),
    row.readUInt8(start + 6),
    row.readUInt8(start + 7),
  ];
  const micros = length < 12 ? 0 : row.readUInt32LE(start + 8);
  if (days > daysMax || hours > 23 || minutes > 59 || rest > 59 || micros >= microsPerSecond)
    return undefined;
  const seconds = days * secondsPerDay + hours * 3600 + minutes * 60 + rest;
  return `${row[start] === 0 ? "" : "-"}${clockText({ seconds, micros })}`;
}

const daysMax = 34;

const two = (value: number): string => String(value).padStart(2, "0");
