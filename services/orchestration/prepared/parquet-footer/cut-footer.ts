import {
  type Cursor,
  cursorOn,
  drop,
  encodeInteger,
  encodeListHead,
  malformed,
  type Rewrite,
  readInteger,
  rewriteStruct,
  skip,
  wireTypes,
} from "../../engine/parquet/thrift/read-struct.ts";
import {
  chunkFields,
  footFields,
  groupFields,
  magic,
  metaFields,
  type ParquetFoot,
  readStructListHead,
} from "../../engine/parquet/footer.ts";

/** A Parquet file made of consecutive row groups of another one: magic bytes, the bytes from `from` to `to`, `foot`. */
export type Cut = {
  readonly from: number;
  readonly to: number;
  /** With its length and the magic bytes. */
  readonly foot: Buffer;
  readonly rowCount: number;
};

/**
 * Cuts out row groups, from `first` up to but without `last`. What points into the file is shifted with the values; bloom
 * filters and page indexes, which are not among them, are left out. Everything else stays as it was, known or not.
 */
export function cutFoot(foot: ParquetFoot, first: number, last: number): Cut {
  const groups = foot.groups.slice(first, last);
  const from = groups[0]?.from ?? magic.length;
  const rowCount = groups.reduce((sum, group) => sum + group.rowCount, 0);
  const shift = BigInt(magic.length - from);
  const elements = groups.map((group, index) =>
    rewriteGroup(cursorOn(foot.bytes, group.foot.from, group.foot.to), shift, BigInt(index)),
  );
  const bytes = rewriteStruct(cursorOn(foot.bytes), {
    [footFields.rowCount]: replaceBy(BigInt(rowCount)),
    [footFields.groups]: (cursor, type) => {
      skip(cursor, type);
      return Buffer.concat([encodeListHead(elements.length, wireTypes.struct), ...elements]);
    },
  });
  return { from, to: groups.at(-1)?.to ?? from, foot: withTail(bytes), rowCount };
}

function withTail(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([bytes, length, magic]);
}

const replaceBy =
  (value: bigint): Rewrite =>
  (cursor, type) => {
    readInteger(cursor, type);
    return encodeInteger(value);
  };

/** Writers that do not know an offset write 0. */
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
      const count = readStructListHead(columns, type);
      const elements = Array.from({ length: count }, () => rewriteChunk(columns, shift));
      return Buffer.concat([encodeListHead(count, wireTypes.struct), ...elements]);
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
