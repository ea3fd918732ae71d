import { rowsInvalid } from "./rows-invalid.ts";

/** Approximate number of values per batch. */
const valuesMax = 64 * 1024;
const rowsOfBatchMax = 4096;

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** Signature, flags, and the length of an extension. */
const headerBytes = signature.length + 8;
const trailer = -1;

export type RowSplitter = {
  readonly rowsMax: number;
  readonly offsets: Int32Array;
  readonly sizes: Int32Array;
  /** Finds the values of complete rows; returns the number of rows and the offset after them. */
  split(bytes: Buffer, from: number, to: number): { rowCount: number; end: number };
  /** Whether the trailer was read; nothing may follow it. */
  readonly isEnded: boolean;
};

/** Parses PostgreSQL's binary COPY: a header, rows of length-prefixed values, and a trailer. */
export function createRowSplitter(columnCount: number): RowSplitter {
  const rowsMax = Math.max(1, Math.min(rowsOfBatchMax, Math.floor(valuesMax / Math.max(1, columnCount))));
  const offsets = new Int32Array(rowsMax * columnCount);
  const sizes = new Int32Array(rowsMax * columnCount);
  let hasHeader = false;
  let isEnded = false;

  /** Returns the offset after the row at `from`, or -1 if the row is incomplete. */
  function splitRow(bytes: Buffer, from: number, to: number, row: number): number {
    let at = from + 2;
    for (let index = row; index < offsets.length; index += rowsMax) {
      if (at + 4 > to) return -1;
      const size = int32(bytes, at);
      at += 4;
      if (size < -1) throw rowsInvalid("a value has a negative length");
      offsets[index] = at;
      sizes[index] = size;
      if (size > 0) at += size;
      if (at > to) return -1;
    }
    return at;
  }

  function splitRows(bytes: Buffer, from: number, to: number) {
    let rowCount = 0;
    let end = from;
    while (rowCount < rowsMax && end + 2 <= to) {
      const count = int16(bytes, end);
      if (count === trailer) {
        isEnded = true;
        end += 2;
        break;
      }
      if (count !== columnCount) throw rowsInvalid(`a row has ${count} values instead of ${columnCount}`);
      const next = splitRow(bytes, end, to, rowCount);
      if (next < 0) break;
      end = next;
      rowCount += 1;
    }
    if (isEnded && end < to) throw trailingBytes();
    return { rowCount, end };
  }

  return {
    rowsMax,
    offsets,
    sizes,
    split(bytes, from, to) {
      if (isEnded && from < to) throw trailingBytes();
      if (hasHeader) return splitRows(bytes, from, to);
      const end = endOfHeader(bytes, from, to);
      if (end === undefined) return { rowCount: 0, end: from };
      hasHeader = true;
      return splitRows(bytes, end, to);
    },
    get isEnded() {
      return isEnded;
    },
  };
}

/** The offset after the header; undefined if it is incomplete. */
function endOfHeader(bytes: Buffer, from: number, to: number): number | undefined {
  if (to - from < headerBytes) return undefined;
  const isKnown = bytes.compare(signature, 0, signature.length, from, from + signature.length) === 0;
  const flags = bytes.readUInt32BE(from + signature.length);
  const extension = bytes.readUInt32BE(from + signature.length + 4);
  if (!isKnown || flags !== 0 || extension !== 0) throw rowsInvalid("it does not begin as one");
  return from + headerBytes;
}

const trailingBytes = () => rowsInvalid("there is something behind the last row");

const int16 = (bytes: Buffer, at: number): number =>
  (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);

const int32 = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);
