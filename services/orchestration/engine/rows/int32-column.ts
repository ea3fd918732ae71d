import type { Column } from "./column.ts";
import { createFixedColumn, type Decode } from "./fixed-column.ts";
import { formatDate } from "./format-time.ts";
import { createRange, type Range } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";

type Reader = (view: DataView, at: number) => number;

const readInt16: Reader = (view, at) => view.getInt16(at);
const readInt32: Reader = (view, at) => view.getInt32(at);
const readUint32: Reader = (view, at) => view.getUint32(at);

export const createSmallintColumn = (name: string): Column => createColumn(name, 2, readInt16, String);
export const createIntegerColumn = (name: string): Column => createColumn(name, 4, readInt32, String);
export const createOidColumn = (name: string): Column => createColumn(name, 4, readUint32, String);

/** Days from Parquet's epoch (1970) to PostgreSQL's (2000). */
const daysTo2000 = 10_957;
const int32Max = 0x7fff_ffff;
const int32Min = -0x8000_0000;

/** DuckDB encodes the infinities as the largest number of days and its negative. */
export function createDateColumn(name: string): Column {
  const readDate: Reader = (view, at) => {
    const days = view.getInt32(at);
    if (days === int32Max) return int32Max;
    if (days === int32Min) return -int32Max;
    const shifted = days + daysTo2000;
    if (shifted >= int32Max) throw valueInvalid(name, "a date is beyond those of a file");
    return shifted;
  };
  return createColumn(name, 4, readDate, formatDate);
}

function createColumn(name: string, bytes: number, read: Reader, format: (value: number) => string): Column {
  const range = createInt32Range(format);
  return createFixedColumn({ name, bytes, words: 1, range, decode: decoderOf(read, range) });
}

export const createInt32Range = (format: (value: number) => string): Range<number> =>
  createRange<number>({
    isLess: (left, right) => left < right,
    encode: (value) => new Uint8Array(Int32Array.of(value).buffer),
    format,
  });

const decoderOf =
  (read: Reader, range: Range<number>): Decode =>
  (words, at, view, { offsets, count }) => {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let index = 0; index < count; index += 1) {
      const value = read(view, offsets[index] as number);
      words[at + index] = value;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (count > 0) range.include(low, high);
  };
