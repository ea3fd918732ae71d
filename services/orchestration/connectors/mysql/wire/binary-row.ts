import { type ColumnDefinition, readBytes } from "./column-definition.ts";

/** Bytes of a value by the code of its type; the others follow their length. */
const fixedBytes: Readonly<Record<number, number>> = {
  1: 1,
  2: 2,
  3: 4,
  4: 4,
  5: 8,
  6: 0,
  8: 8,
  9: 4,
  13: 2,
};
/** The bitmap of nulls begins at this bit. */
const bitmapOffset = 2;

/** Decodes the value between two offsets of a row. */
export type Decode<T> = (row: Buffer, start: number, end: number) => T;

/** A reader of binary rows. It returns undefined for a row that does not fit the columns. */
export function createRowReader<T>(
  columns: readonly Pick<ColumnDefinition, "type">[],
  decoders: readonly Decode<T>[],
): (row: Buffer) => (T | null)[] | undefined {
  const fields = columns.map(({ type }, index) => ({
    ...boundsOf(fixedBytes[type]),
    decode: decoders[index] as Decode<T>,
  }));
  const start = 1 + ((columns.length + 7 + bitmapOffset) >> 3);
  return (row) => {
    if (row.length < start || row[0] !== 0) return undefined;
    const values: (T | null)[] = [];
    let at = start;
    for (const { startOf, endOf, decode } of fields) {
      if (isNull(row, values.length)) {
        values.push(null);
        continue;
      }
      const to = endOf(row, at);
      if (to > row.length) return undefined;
      values.push(decode(row, startOf(row, at), to));
      at = to;
    }
    return at === row.length ? values : undefined;
  };
}

type Bounds = { startOf(row: Buffer, at: number): number; endOf(row: Buffer, at: number): number };

const boundsOf = (size: number | undefined): Bounds =>
  size === undefined
    ? { startOf: startOfBytes, endOf: endOfBytes }
    : { startOf: (_row, at) => at, endOf: (_row, at) => at + size };

function isNull(row: Buffer, index: number): boolean {
  const bit = index + bitmapOffset;
  return (((row[1 + (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 1;
}

/** Short values, which most are, have their length in one byte. */
const shortMax = 0xfa;
const noByte = 0xff;

const startOfBytes = (row: Buffer, at: number): number =>
  (row[at] ?? noByte) <= shortMax ? at + 1 : (readBytes(row, at)?.start ?? Number.POSITIVE_INFINITY);

function endOfBytes(row: Buffer, at: number): number {
  const length = row[at] ?? noByte;
  return length <= shortMax ? at + 1 + length : (readBytes(row, at)?.end ?? Number.POSITIVE_INFINITY);
}
