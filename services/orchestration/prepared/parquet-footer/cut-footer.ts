import {
  chunkFields,
  footerFields,
  groupFields,
  magic,
  metaFields,
  type ParquetFooter,
  readStructListHeader,
  withTail,
} from "../../engine/parquet/footer.ts";
import { encodeInteger, encodeListHeader, wireTypes } from "../../engine/parquet/thrift/encode.ts";
import {
  type Cursor,
  cursorOn,
  malformed,
  readInteger,
  skip,
} from "../../engine/parquet/thrift/read-struct.ts";
import { drop, type Rewrite, rewriteStruct } from "../../engine/parquet/thrift/rewrite-struct.ts";

/**
 * Consecutive row groups of a Parquet file as a file of their own: the magic bytes, the bytes from `from` to `to` of the original,
 * and `tail`.
 */
export type Cut = {
  readonly from: number;
  readonly to: number;
  /** The new footer with its length and the magic bytes. */
  readonly tail: Buffer;
  readonly rowCount: number;
};

/**
 * Cuts out the row groups from `first` to `last`, exclusive. Offsets move with the values. Bloom filters and page indexes lie
 * outside of the cut bytes, so their offsets are dropped. All other fields are kept, known or not.
 */
export function cutFooter(footer: ParquetFooter, first: number, last: number): Cut {
  const groups = footer.groups.slice(first, last);
  const from = groups[0]?.from ?? magic.length;
  const rowCount = groups.reduce((sum, group) => sum + group.rowCount, 0);
  const shift = BigInt(magic.length - from);
  const elements = groups.map((group, index) =>
    rewriteGroup(cursorOn(footer.bytes, group.description.from, group.description.to), shift, BigInt(index)),
  );
  const bytes = rewriteStruct(cursorOn(footer.bytes), {
    [footerFields.rowCount]: replaceBy(BigInt(rowCount)),
    [footerFields.groups]: (cursor, type) => {
      skip(cursor, type);
      return Buffer.concat([encodeListHeader(elements.length, wireTypes.struct), ...elements]);
    },
  });
  return { from, to: groups.at(-1)?.to ?? from, tail: withTail(bytes), rowCount };
}

const replaceBy =
  (value: bigint): Rewrite =>
  (cursor, type) => {
    readInteger(cursor, type);
    return encodeInteger(value);
  };

/** 0 means that the writer did not record the offset. */
const shiftBy =
  (shift: bigint): Rewrite =>
  (cursor, type) => {
    const offset = readInteger(cursor, type);
    if (offset === 0n) return encodeInteger(0n);
    if (offset + shift < 0n) throw malformed("an offset is before its row group");
    return encodeInteger(offset + shift);
  };

function rewriteGroup(cursor: Cursor, shift: bigint, ordinal: bigint): Buffer {
  return rewriteStruct(cursor, {
    [groupFields.columns]: (columns, type) => {
      const count = readStructListHeader(columns, type);
      const elements = Array.from({ length: count }, () => rewriteChunk(columns, shift));
      return Buffer.concat([encodeListHeader(count, wireTypes.struct), ...elements]);
    },
    [groupFields.fileOffset]: shiftBy(shift),
    [groupFields.ordinal]: replaceBy(ordinal),
  });
}

const rewriteChunk = (cursor: Cursor, shift: bigint): Buffer =>
  rewriteStruct(cursor, {
    [chunkFields.fileOffset]: shiftBy(shift),
    [chunkFields.metaData]: (metaData) =>
      rewriteStruct(metaData, {
        [metaFields.dataPage]: shiftBy(shift),
        [metaFields.indexPage]: shiftBy(shift),
        [metaFields.dictionaryPage]: shiftBy(shift),
        [metaFields.bloomFilterOffset]: drop,
        [metaFields.bloomFilterLength]: drop,
      }),
    [chunkFields.offsetIndexOffset]: drop,
    [chunkFields.offsetIndexLength]: drop,
    [chunkFields.columnIndexOffset]: drop,
    [chunkFields.columnIndexLength]: drop,
  });
