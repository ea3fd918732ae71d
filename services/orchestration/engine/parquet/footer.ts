import type { FileHandle } from "node:fs/promises";
import { wireTypes } from "./thrift/encode.ts";
import {
  type Cursor,
  cursorOn,
  malformed,
  readInteger,
  readListHeader,
  readStruct,
} from "./thrift/read-struct.ts";

/** The magic bytes at both ends of a Parquet file. */
export const magic = Buffer.from("PAR1");

/** Longest footer that is parsed, in bytes. Parsing blocks the event loop of the service. */
const footerBytesMax = 16 * 1024 * 1024;
/** The length of the footer and the magic bytes. */
export const tailBytes = 8;

/** A row group and its extent in the file. */
type RowGroup = {
  readonly rowCount: number;
  /** Extent of its values in the file; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** Extent of its description in the footer. */
  readonly description: { readonly from: number; readonly to: number };
};

export type ParquetFooter = {
  readonly bytes: Buffer;
  readonly rowCount: number;
  readonly groups: readonly RowGroup[];
};

/** Field ids in Parquet's `FileMetaData`, `RowGroup`, `ColumnChunk` and `ColumnMetaData`. */
export const footerFields = { rowCount: 3, groups: 4 } as const;
export const groupFields = { columns: 1, rowCount: 3, fileOffset: 5, ordinal: 7 } as const;
export const chunkFields = {
  filePath: 1,
  fileOffset: 2,
  metaData: 3,
  offsetIndexOffset: 4,
  offsetIndexLength: 5,
  columnIndexOffset: 6,
  columnIndexLength: 7,
  crypto: 8,
  encryptedMetaData: 9,
} as const;
export const metaFields = {
  compressedBytes: 7,
  dataPage: 9,
  indexPage: 10,
  dictionaryPage: 11,
  bloomFilterOffset: 14,
  bloomFilterLength: 15,
} as const;

/** Reads the footer of a file of `sizeBytes`; undefined when it is too long to parse. Throws MalformedFooterError. */
export async function readFooter(file: FileHandle, sizeBytes: number): Promise<ParquetFooter | undefined> {
  if (sizeBytes < magic.length + tailBytes) throw malformed("the file is too short");
  const tail = await readExactly(file, sizeBytes - tailBytes, tailBytes);
  if (!tail.subarray(4).equals(magic)) throw malformed("the file does not end as a Parquet file");
  const length = tail.readUInt32LE(0);
  const start = sizeBytes - tailBytes - length;
  if (start < magic.length) throw malformed("it is longer than the file");
  if (length > footerBytesMax) return undefined;
  return parseFooter(await readExactly(file, start, length), start);
}

/** The footer with its length and the closing magic bytes. */
export function withTail(footer: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([footer, length, magic]);
}

export async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw malformed("the file ends before");
    filled += bytesRead;
  }
  return buffer;
}

/**
 * `valuesEnd` is the offset before which all values must end.
 * @internal Exported for tests of malformed footers, thousands of them without a file.
 */
export function parseFooter(bytes: Buffer, valuesEnd: number): ParquetFooter {
  const cursor = cursorOn(bytes);
  let rowCount = 0;
  let groups: RowGroup[] = [];
  readStruct(cursor, ({ id, type }) => {
    if (id === footerFields.rowCount) rowCount = toCount(readInteger(cursor, type));
    else if (id === footerFields.groups) groups = readGroups(cursor, type);
    else return false;
    return true;
  });
  checkOrder(groups, valuesEnd);
  if (groups.reduce((sum, group) => sum + group.rowCount, 0) !== rowCount) {
    throw malformed("it has another number of rows than its row groups");
  }
  return { bytes, rowCount, groups };
}

function readGroups(cursor: Cursor, type: number): RowGroup[] {
  const count = readStructListHeader(cursor, type);
  return Array.from({ length: count }, () => readGroup(cursor));
}

export function readStructListHeader(cursor: Cursor, type: number): number {
  if (type !== wireTypes.list) throw malformed("a list has another type");
  const header = readListHeader(cursor);
  if (header.count > 0 && header.type !== wireTypes.struct) throw malformed("a list has other elements");
  return header.count;
}

function readGroup(cursor: Cursor): RowGroup {
  const start = cursor.offset;
  let rowCount = 0;
  let extents: readonly Extent[] = [];
  readStruct(cursor, ({ id, type }) => {
    if (id === groupFields.rowCount) rowCount = toCount(readInteger(cursor, type));
    else if (id === groupFields.columns) extents = readExtents(cursor, type);
    else return false;
    return true;
  });
  if (extents.length === 0) throw malformed("a row group has no columns");
  return {
    rowCount,
    from: extents.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY),
    to: extents.reduce((most, { to }) => Math.max(most, to), 0),
    description: { from: start, to: cursor.offset },
  };
}

type Extent = { readonly from: number; readonly to: number };

function readExtents(cursor: Cursor, type: number): Extent[] {
  const count = readStructListHeader(cursor, type);
  return Array.from({ length: count }, () => {
    let extent: Extent | undefined;
    readStruct(cursor, (field) => {
      if (field.id === chunkFields.filePath) throw malformed("a column is in another file");
      if (field.id === chunkFields.crypto || field.id === chunkFields.encryptedMetaData) {
        throw malformed("a column is encrypted");
      }
      if (field.id !== chunkFields.metaData || field.type !== wireTypes.struct) return false;
      extent = readExtent(cursor);
      return true;
    });
    if (!extent) throw malformed("a column has no description");
    return extent;
  });
}

function readExtent(cursor: Cursor): Extent {
  const found = new Map<number, number>();
  const wanted: readonly number[] = [
    metaFields.compressedBytes,
    metaFields.dataPage,
    metaFields.indexPage,
    metaFields.dictionaryPage,
  ];
  readStruct(cursor, ({ id, type }) => {
    if (!wanted.includes(id)) return false;
    found.set(id, toCount(readInteger(cursor, type)));
    return true;
  });
  const length = found.get(metaFields.compressedBytes);
  const dataPage = found.get(metaFields.dataPage);
  if (length === undefined || dataPage === undefined) throw malformed("a column has no place");
  const others = [metaFields.dictionaryPage, metaFields.indexPage].map((id) => found.get(id) ?? dataPage);
  const from = Math.min(dataPage, ...others);
  return { from, to: from + length };
}

function toCount(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("a number is out of its range");
  return Number(value);
}

/** Row groups must follow each other without overlap. */
function checkOrder(groups: readonly RowGroup[], valuesEnd: number): void {
  let end = magic.length;
  for (const { from, to } of groups) {
    if (from < end || to > valuesEnd) throw malformed("a row group is not in its place");
    end = to;
  }
}
