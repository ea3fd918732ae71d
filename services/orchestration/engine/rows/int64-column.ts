import type { Column } from "./column.ts";
import { createFixedColumn, type Decode } from "./fixed-column.ts";
import { formatTime, formatTimestamp, formatTimestampTz } from "./format-time.ts";
import { createRange, type Range } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";

export const createBigintColumn = (name: string): Column => createColumn(name, String, decodeUnchanged);
export const createTimeColumn = (name: string): Column => createColumn(name, formatTime, decodeUnchanged);
export const createTimestampColumn = (name: string): Column =>
  createColumn(name, formatTimestamp, timestampDecoder(name));
export const createTimestampTzColumn = (name: string): Column =>
  createColumn(name, formatTimestampTz, timestampDecoder(name));

function createColumn(name: string, format: (value: bigint) => string, decodeWords: Decode): Column {
  const range = createInt64Range(format);
  const decode: Decode = (words, at, view, values) => {
    decodeWords(words, at, view, values);
    includeAll(range, words, at / 2, at / 2 + values.count);
  };
  return createFixedColumn({ name, bytes: 8, words: 2, range, decode });
}

export const createInt64Range = (format: (value: bigint) => string): Range<bigint> =>
  createRange<bigint>({
    isLess: (left, right) => left < right,
    encode: (value) => new Uint8Array(BigInt64Array.of(value).buffer),
    format,
  });

const decodeUnchanged: Decode = (words, at, view, { offsets, count }) => {
  for (let index = 0; index < count; index += 1) {
    const offset = offsets[index] as number;
    words[at + 2 * index] = view.getInt32(offset + 4);
    words[at + 2 * index + 1] = view.getInt32(offset);
  }
};

/** Microseconds from Parquet's epoch (1970) to PostgreSQL's (2000). */
const microsTo2000 = 946_684_800_000_000;
const wordSize = 0x1_0000_0000;
const shiftHigh = Math.floor(microsTo2000 / wordSize);
const shiftLow = microsTo2000 % wordSize;
const int32Max = 0x7fff_ffff;
const int32Min = -0x8000_0000;

const isInfinity = (high: number, low: number): boolean => high === int32Max && low === wordSize - 1;
const isNegativeInfinity = (high: number, low: number): boolean => high === int32Min && low === 0;

/** DuckDB encodes the infinities as the largest number and its negative. */
const timestampDecoder =
  (name: string): Decode =>
  (words, at, view, { offsets, count }) => {
    for (let index = 0; index < count; index += 1) {
      const offset = offsets[index] as number;
      let high = view.getInt32(offset);
      let low = view.getUint32(offset + 4);
      if (isNegativeInfinity(high, low)) low = 1;
      else if (!isInfinity(high, low)) {
        low += shiftLow;
        high += shiftHigh + Math.floor(low / wordSize);
        if (high > int32Max) throw valueInvalid(name, "a time is beyond those of a file");
      }
      words[at + 2 * index] = low;
      words[at + 2 * index + 1] = high;
    }
  };

/** Widens the range by the values from index `from` to `to`, exclusive. */
export function includeAll(range: Range<bigint>, words: Int32Array, from: number, to: number): void {
  if (from === to) return;
  let [lowest, highest] = [from, from];
  for (let index = from + 1; index < to; index += 1) {
    if (isLess(words, index, lowest)) lowest = index;
    else if (isLess(words, highest, index)) highest = index;
  }
  range.include(valueAt(words, lowest), valueAt(words, highest));
}

function isLess(words: Int32Array, left: number, right: number): boolean {
  const leftHigh = words[2 * left + 1] as number;
  const rightHigh = words[2 * right + 1] as number;
  if (leftHigh !== rightHigh) return leftHigh < rightHigh;
  return (words[2 * left] as number) >>> 0 < (words[2 * right] as number) >>> 0;
}

const valueAt = (words: Int32Array, index: number): bigint =>
  (BigInt(words[2 * index + 1] as number) << 32n) | BigInt((words[2 * index] as number) >>> 0);
