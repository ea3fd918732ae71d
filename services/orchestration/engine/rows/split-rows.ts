import { rowsInvalid } from "./rows-invalid.ts";

/** Places of values that are kept at once, about. */
const placesMax = 64 * 1024;
const rowsOfBatchMax = 4096;

const signature = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
/** The signature, flags, and the length of an extension. */
const headBytes = signature.length + 8;
const trailer = -1;

export type RowSplitter = {
  readonly rowsMax: number;
  readonly places: Int32Array;
  readonly sizes: Int32Array;
  /** Finds the values of whole rows between two places; answers how many rows, and the place behind them. */
  split(bytes: Buffer, from: number, to: number): { rowCount: number; end: number };
  /** Whether the end of the rows has come: nothing may follow. */
  readonly isEnded: boolean;
};

/** Reads the frame of PostgreSQL's binary COPY: a head, rows of values with a length each, and a trailer. */
export function createRowSplitter(columnCount: number): RowSplitter {
  const rowsMax = Math.max(1, Math.min(rowsOfBatchMax, Math.floor(placesMax / Math.max(1, columnCount))));
  const places = new Int32Array(rowsMax * columnCount);
  const sizes = new Int32Array(rowsMax * columnCount);
  let isBegun = false;
  let isEnded = false;

  /** Answers the place behind the row at `from`, or -1 when it is not whole. */
  function splitRow(bytes: Buffer, from: number, to: number, row: number): number {
    let at = from + 2;
    for (let index = row; index < places.length; index += rowsMax) {
      if (at + 4 > to) return -1;
      const size = int32(bytes, at);
      at += 4;
      if (size < -1) throw rowsInvalid("a value has a negative length");
      places[index] = at;
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
    if (isEnded && end < to) throw behindTheLast();
    return { rowCount, end };
  }

  return {
    rowsMax,
    places,
    sizes,
    split(bytes, from, to) {
      if (isEnded && from < to) throw behindTheLast();
      if (isBegun) return splitRows(bytes, from, to);
      const end = endOfHead(bytes, from, to);
      if (end === undefined) return { rowCount: 0, end: from };
      isBegun = true;
      return splitRows(bytes, end, to);
    },
    get isEnded() {
      return isEnded;
    },
  };
}

/** The place behind the head, or undefined when it is not whole. */
function endOfHead(bytes: Buffer, from: number, to: number): number | undefined {
  if (to - from < headBytes) return undefined;
  const isKnown = bytes.compare(signature, 0, signature.length, from, from + signature.length) === 0;
  const flags = bytes.readUInt32BE(from + signature.length);
  const extension = bytes.readUInt32BE(from + signature.length + 4);
  if (!isKnown || flags !== 0 || extension !== 0) throw rowsInvalid("it does not begin as one");
  return from + headBytes;
}

const behindTheLast = () => rowsInvalid("there is something behind the last row");

const int16 = (bytes: Buffer, at: number): number =>
  (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);

const int32 = (bytes: Buffer, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);
