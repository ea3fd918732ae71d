import { type Decimal, int32DigitsMax, int64DigitsMax } from "../parquet/decimal-type.ts";
import type { Column } from "./column.ts";
import { createFixedColumn, type Decode } from "./fixed-column.ts";
import { createInt32Range } from "./int32-column.ts";
import { createInt64Range, includeAll } from "./int64-column.ts";
import { type NumericParts, readNumeric, readParts, specialNumeric } from "./numeric.ts";
import { createRange } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";

/** Decimal digits that a double holds exactly. */
const exactDigitsMax = 15;

export function createDecimalColumn(name: string, decimal: Decimal): Column {
  if (decimal.precision <= int32DigitsMax) return createInt32Column(name, decimal);
  return decimal.precision <= int64DigitsMax
    ? createInt64Column(name, decimal)
    : createInt128Column(name, decimal);
}

function createInt32Column(name: string, decimal: Decimal): Column {
  const range = createInt32Range((value) => formatDecimal(BigInt(value), decimal.scale));
  const parts: NumericParts = { high: 0, low: 0, isNegative: false };
  const limit = 10 ** decimal.precision;
  const decode: Decode = (words, at, view, { offsets, sizes, count }) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < count; index += 1) {
      const offset = offsets[index] as number;
      const size = sizes[index] as number;
      const isRead = readParts(view, offset, size, decimal.scale, parts);
      const value = signed(parts);
      if (!isRead || Math.abs(value) >= limit) throw outOfRange(name, decimal, view, offset, size);
      words[at + index] = value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (count > 0) range.include(low, high);
  };
  return createFixedColumn({ name, bytes: undefined, words: 1, range, decode });
}

/** Avoids negative zero. */
function signed({ high, low, isNegative }: NumericParts): number {
  const units = high * 1e8 + low;
  return isNegative ? 0 - units : units;
}

const wordSize = 0x1_0000_0000;

function createInt64Column(name: string, decimal: Decimal): Column {
  const range = createInt64Range((units) => formatDecimal(units, decimal.scale));
  const parts: NumericParts = { high: 0, low: 0, isNegative: false };
  const store = decimal.precision <= exactDigitsMax ? storeExact : storeBigint;
  const decode: Decode = (words, at, view, { offsets, sizes, count }) => {
    for (let index = 0; index < count; index += 1) {
      const offset = offsets[index] as number;
      const size = sizes[index] as number;
      const isRead = readParts(view, offset, size, decimal.scale, parts);
      if (!isRead || !store(words, at + 2 * index, parts, decimal.precision)) {
        throw outOfRange(name, decimal, view, offset, size);
      }
    }
    includeAll(range, words, at / 2, at / 2 + count);
  };
  return createFixedColumn({ name, bytes: undefined, words: 2, range, decode });
}

/** Stores a number that a double holds exactly; returns whether it fits the precision. */
function storeExact(words: Int32Array, at: number, parts: NumericParts, precision: number): boolean {
  const value = signed(parts);
  if (Math.abs(value) >= 10 ** precision) return false;
  const high = Math.floor(value / wordSize);
  words[at] = value - high * wordSize;
  words[at + 1] = high;
  return true;
}

function storeBigint(words: Int32Array, at: number, parts: NumericParts, precision: number): boolean {
  const units = BigInt(parts.high) * 100_000_000n + BigInt(parts.low);
  if (units >= 10n ** BigInt(precision)) return false;
  const value = parts.isNegative ? -units : units;
  words[at] = Number(BigInt.asIntN(32, value));
  words[at + 1] = Number(value >> 32n);
  return true;
}

/** Values of 16 bytes, big-endian. */
function createInt128Column(name: string, decimal: Decimal): Column {
  const limit = 10n ** BigInt(decimal.precision);
  const range = createRange<bigint>({
    isLess: (left, right) => left < right,
    encode(units) {
      const bytes = new Uint8Array(16);
      writeInt128(new DataView(bytes.buffer), 0, units);
      return bytes;
    },
    format: (units) => formatDecimal(units, decimal.scale),
  });
  const decode: Decode = (words, at, view, { offsets, sizes, count }) => {
    const target = new DataView(words.buffer, at * 4);
    for (let index = 0; index < count; index += 1) {
      const offset = offsets[index] as number;
      const size = sizes[index] as number;
      const units = readNumeric(view, offset, size, decimal.scale);
      if (units === undefined || units >= limit || units <= -limit)
        throw outOfRange(name, decimal, view, offset, size);
      writeInt128(target, index * 16, units);
      range.include(units, units);
    }
  };
  return createFixedColumn({ name, bytes: undefined, words: 4, range, decode });
}

function writeInt128(view: DataView, at: number, value: bigint): void {
  view.setBigInt64(at, value >> 64n);
  view.setBigUint64(at + 8, BigInt.asUintN(64, value));
}

function formatDecimal(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
}

function outOfRange(name: string, { precision, scale }: Decimal, view: DataView, at: number, size: number) {
  const value = specialNumeric(view, at, size) ?? "a number";
  return valueInvalid(name, `${value} has no place in DECIMAL(${precision},${scale})`);
}
