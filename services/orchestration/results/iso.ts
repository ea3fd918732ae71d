const microsPerSecond = 1_000_000n;

/** ISO 8601 date of a proleptic Gregorian year (0 is 1 BC), month and day; years beyond four digits get a sign. */
export function isoDate(year: number, month: number, day: number): string {
  return `${isoYear(year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** ISO 8601 time of day from units since midnight. A unit is 10^-digits seconds. */
export function isoTime(units: bigint, digits: number): string {
  const perSecond = 10n ** BigInt(digits);
  const seconds = Number(units / perSecond);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${clock.map(twoDigits).join(":")}${fraction(units % perSecond, digits)}`;
}

/** ISO 8601 date of days since 1970-01-01. */
export function isoDateOfDays(days: number): string {
  const { year, month, day } = civilOfDays(days);
  return isoDate(year, month, day);
}

/** ISO 8601 date and time without a zone, from units since 1970. A unit is 10^-digits seconds. */
export function isoTimestamp(units: bigint, digits: number): string {
  const unitsPerDay = 86_400n * 10n ** BigInt(digits);
  const days = floorDivide(units, unitsPerDay);
  return `${isoDateOfDays(Number(days))}T${isoTime(units - days * unitsPerDay, digits)}`;
}

/** ISO 8601 offset from UTC, as `+02:00`. */
export function isoOffset(seconds: number): string {
  const absolute = Math.abs(seconds);
  const rest = absolute % 60;
  const text = `${twoDigits(Math.floor(absolute / 3600))}:${twoDigits(Math.floor(absolute / 60) % 60)}`;
  return `${seconds < 0 ? "-" : "+"}${text}${rest === 0 ? "" : `:${twoDigits(rest)}`}`;
}

/** ISO 8601 duration. Each field has its own sign, as in PostgreSQL's output. */
export function isoInterval(months: number, days: number, micros: bigint): string {
  const minutes = micros / (60n * microsPerSecond);
  const seconds = micros % (60n * microsPerSecond);
  const date = field(Math.trunc(months / 12), "Y") + field(months % 12, "M") + field(days, "D");
  const time = field(Number(minutes / 60n), "H") + field(Number(minutes % 60n), "M") + secondsField(seconds);
  return date === "" && time === "" ? "PT0S" : `P${date}${time === "" ? "" : `T${time}`}`;
}

const field = (value: number, unit: string): string => (value === 0 ? "" : `${value}${unit}`);

function secondsField(micros: bigint): string {
  if (micros === 0n) return "";
  const absolute = micros < 0n ? -micros : micros;
  const whole = absolute / microsPerSecond;
  return `${micros < 0n ? "-" : ""}${whole}${fraction(absolute % microsPerSecond, 6)}S`;
}

function fraction(units: bigint, digits: number): string {
  return units === 0n ? "" : `.${units.toString().padStart(digits, "0").replace(/0+$/, "")}`;
}

function isoYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

const floorDivide = (value: bigint, by: bigint): bigint =>
  value / by - (value % by !== 0n && value < 0n ? 1n : 0n);

// Howard Hinnant's `civil_from_days`, because JavaScript's Date covers fewer years than databases do.
function civilOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}
