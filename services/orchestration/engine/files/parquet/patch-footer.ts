import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  chunkFields,
  footerFields,
  groupFields,
  readStructListHeader,
  tailBytes,
  withTail,
} from "../../parquet/footer.ts";
import { encodeInteger, encodeListHeader, wireTypes } from "../../parquet/thrift/encode.ts";
import { type Cursor, cursorOn, readInteger, readStruct, skip } from "../../parquet/thrift/read-struct.ts";
import { drop, rewriteStruct } from "../../parquet/thrift/rewrite-struct.ts";
import {
  bool,
  encoded,
  encodeThrift,
  i32,
  struct,
  type ThriftValue,
  union,
} from "../../parquet/thrift/thrift-value.ts";
import { elementFields, logicalTypes, nanoseconds, physicalTypes } from "./schema.ts";

/** Replaces the type of a column whose values DuckDB would truncate to microseconds. */
export type Patch = "int96AsInterval" | "nanosecondsWithoutZone";

const copyBytes = 1024 * 1024;
const schemaField = 2;
const metaTypeField = 1;
const statisticsField = 12;
const int96Bytes = 12;
const convertedInterval = 21;
/** LogicalType of a timestamp in nanoseconds that is not adjusted to UTC. */
const localNanoseconds = union(logicalTypes.timestamp, [
  [1, bool(false)],
  [2, union(nanoseconds)],
]);

/**
 * Copies a Parquet file with other types in its footer. The values stay: the 12 bytes of an INT96 become the three numbers of an
 * INTERVAL, and nanoseconds in UTC lose their zone. `patches` are keyed by the index of the schema element.
 */
export async function copyPatched(
  path: string,
  copyPath: string,
  footer: Buffer,
  patches: ReadonlyMap<number, Patch>,
): Promise<void> {
  const { size } = await stat(path);
  const values = { start: 0, end: size - footer.length - tailBytes - 1, highWaterMark: copyBytes };
  const tail = withTail(patchFooter(footer, patches));
  async function* chunks() {
    yield* createReadStream(path, values);
    yield tail;
  }
  // A copy by the file system would inherit the input's read-only mode.
  await pipeline(Readable.from(chunks()), createWriteStream(copyPath, { flags: "wx", mode: 0o600 }));
}

function patchFooter(footer: Buffer, patches: ReadonlyMap<number, Patch>): Buffer {
  return rewriteStruct(cursorOn(footer), {
    [schemaField]: (cursor, type) =>
      mapStructs(cursor, type, (element, index) => {
        const patch = patches.get(index);
        return rewriteFields(element, patch ? fieldsOf(patch) : new Map());
      }),
    [footerFields.groups]: (cursor, type) =>
      mapStructs(cursor, type, (group) =>
        rewriteStruct(group, {
          [groupFields.columns]: (chunks, listType) => mapStructs(chunks, listType, patchChunk),
        }),
      ),
  });
}

/** Statistics are dropped, because they are encoded in the replaced type. */
const patchChunk = (chunk: Cursor): Buffer =>
  rewriteStruct(chunk, {
    [chunkFields.metaData]: (meta) =>
      rewriteStruct(meta, {
        [metaTypeField]: (cursor, type) => {
          const physical = readInteger(cursor, type);
          return encodeInteger(
            physical === BigInt(physicalTypes.int96) ? BigInt(physicalTypes.fixed) : physical,
          );
        },
        [statisticsField]: drop,
      }),
    [chunkFields.columnIndexOffset]: drop,
    [chunkFields.columnIndexLength]: drop,
  });

const fieldsOf = (patch: Patch): Map<number, ThriftValue> =>
  patch === "int96AsInterval"
    ? new Map([
        [elementFields.type, i32(physicalTypes.fixed)],
        [elementFields.typeLength, i32(int96Bytes)],
        [elementFields.convertedType, i32(convertedInterval)],
      ])
    : new Map([[elementFields.logicalType, localNanoseconds]]);

function mapStructs(
  cursor: Cursor,
  type: number,
  rewrite: (cursor: Cursor, index: number) => Buffer,
): Buffer {
  const count = readStructListHeader(cursor, type);
  const structs = Array.from({ length: count }, (_, index) => rewrite(cursor, index));
  return Buffer.concat([encodeListHeader(count, wireTypes.struct), ...structs]);
}

/** Copies a struct with fields added or replaced. */
function rewriteFields(cursor: Cursor, replacements: ReadonlyMap<number, ThriftValue>): Buffer {
  const fields = new Map<number, ThriftValue>();
  readStruct(cursor, ({ id, type }) => {
    const start = cursor.offset;
    skip(cursor, type);
    fields.set(id, encoded(type, cursor.bytes.subarray(start, cursor.offset)));
    return true;
  });
  for (const [id, value] of replacements) fields.set(id, value);
  return encodeThrift(struct([...fields].sort(([left], [right]) => left - right)));
}
