// PostgreSQL's binary numeric: the number of digits, the weight of the first, sign and scale, 16 bits each; then digits of
// base 10,000.

const headBytes = 8;
const digitBytes = 2;
const base = 10_000;
const positive = 0x0000;
const negative = 0x4000;
/** Special values by their sign field. */
const specialNames = new Map([
  [0xc000, "NaN"],
  [0xd000, "Infinity"],
  [0xf000, "-Infinity"],
]);

/** Name of NaN or an infinity; undefined for a number. */
export const specialNumeric = (view: DataView, at: number, size: number): string | undefined =>
  size === headBytes ? specialNames.get(view.getUint16(at + 4)) : undefined;

/** Number of digits; -1 for special and malformed values. */
function countDigits(view: DataView, at: number, size: number): number {
  if (size < headBytes) return -1;
  const count = view.getUint16(at);
  const sign = view.getUint16(at + 4);
  return size === headBytes + count * digitBytes && (sign === positive || sign === negative) ? count : -1;
}

const isNegative = (view: DataView, at: number): boolean => view.getUint16(at + 4) === negative;

/** The magnitude of a number, split at 10^8: both parts are exact for up to 18 digits. */
export type NumericParts = { high: number; low: number; isNegative: boolean };

const lowDigits = 8;
const digitsMax = 18;
const powers = Array.from({ length: digitsMax + 1 }, (_, exponent) => 10 ** exponent);

/**
 * Reads a number as units of `scale` into `parts`; returns whether it has at most 18 digits. Most have, and a bigint per value
 * would dominate the time.
 */
export function readParts(
  view: DataView,
  at: number,
  size: number,
  scale: number,
  parts: NumericParts,
): boolean {
  const count = countDigits(view, at, size);
  if (count < 0) return false;
  parts.high = 0;
  parts.low = 0;
  parts.isNegative = isNegative(view, at);
  let exponent = 4 * view.getInt16(at + 2) + scale;
  for (let index = 0; index < count; index += 1) {
    const digit = view.getUint16(at + headBytes + digitBytes * index);
    if (digit !== 0 && !addDigit(parts, digit, exponent)) return false;
    exponent -= 4;
  }
  return true;
}

function addDigit(parts: NumericParts, digit: number, exponent: number): boolean {
  if (digit >= base || exponent >= digitsMax || exponent <= -4) return false;
  if (exponent >= lowDigits) parts.high += digit * (powers[exponent - lowDigits] as number);
  else if (exponent >= 0) parts.low += digit * (powers[exponent] as number);
  else {
    const units = digit / (powers[-exponent] as number);
    // The number has more fractional digits than the scale.
    if (!Number.isInteger(units)) return false;
    parts.low += units;
  }
  return true;
}

/** Larger exponents exceed every decimal, and their power would be slow. */
const exponentMax = 400;

/** Reads a number of any length as units of `scale`; undefined if it is not one. */
export function readNumeric(view: DataView, at: number, size: number, scale: number): bigint | undefined {
  const count = countDigits(view, at, size);
  if (count < 0) return undefined;
  let units = 0n;
  for (let index = 0; index < count; index += 1) {
    const digit = view.getUint16(at + headBytes + digitBytes * index);
    if (digit >= base) return undefined;
    units = units * 10_000n + BigInt(digit);
  }
  const exponent = 4 * (view.getInt16(at + 2) - count + 1) + scale;
  if (Math.abs(exponent) > exponentMax) return units === 0n ? 0n : undefined;
  const power = 10n ** BigInt(Math.abs(exponent));
  const whole = exponent < 0 ? units / power : units * power;
  if (exponent < 0 && whole * power !== units) return undefined;
  return isNegative(view, at) ? -whole : whole;
}
