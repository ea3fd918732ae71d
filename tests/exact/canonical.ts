/** A JSON value; null is a missing one. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const plainNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const clockTime = /^\d\d:\d\d(:\d\d(\.\d+)?)?$/;
const dateAndTime =
  /^(\d{4}|[+-]\d{6})-\d\d-\d\d[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?$/;
const minuteNanos = 60n * 1_000_000_000n;

/** Canonical text: equal for equal numbers, times and structures in any notation. */
export function canonical(value: Plain): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object") {
    const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join(",")}}`;
  }
  const text = String(value);
  if (plainNumber.test(text)) return canonicalNumber(text);
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(text);
  if (special) return `${special[1] === "-" ? "-" : ""}${special[2]?.slice(0, 3).toLowerCase()}`;
  if (clockTime.test(text)) return canonicalClock(text);
  return dateAndTime.test(text) ? canonicalInstant(text) : text;
}

/** Significant digits and a decimal exponent. */
function canonicalNumber(text: string): string {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - kept.length);
  return `${mantissa.startsWith("-") ? "-" : ""}${kept}e${power}`;
}

function canonicalClock(text: string): string {
  const seconds = text.length === 5 ? `${text}:00` : text;
  return seconds.includes(".") ? seconds.replace(/\.?0+$/, "") : seconds;
}

function canonicalInstant(text: string): string {
  const [, , clock = "", zone] = dateAndTime.exec(text) ?? [];
  const day = text.slice(0, text.search(/[ T]\d\d:/));
  const spelled = canonicalClock(clock);
  if (zone === undefined) return `${day}T${spelled}`;
  return `${nanosOf(day, spelled) - offsetMinutes(zone) * minuteNanos} ns in UTC`;
}

function nanosOf(day: string, clock: string): bigint {
  const [whole = "", fraction = ""] = clock.split(".");
  return BigInt(Date.parse(`${day}T${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

function offsetMinutes(zone: string): bigint {
  const [, sign = "+", hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return (sign === "-" ? -1n : 1n) * (BigInt(hours) * 60n + BigInt(minutes));
}

/** Parses JSON without rounding: numbers become strings. */
export const parseExactly = (text: string): Plain =>
  JSON.parse(text, (_key, value, context?: { source?: string }) =>
    typeof value === "number" ? (context?.source ?? value) : value,
  );
