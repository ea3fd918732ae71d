import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type Cursor,
  cursorOn,
  drop,
  encodeInteger,
  encodeListHead,
  readInteger,
  readStruct,
  rewriteStruct,
  skip,
  wireTypes,
} from "../../parquet/thrift/read-struct.ts";
import {
  chunkFields,
  footFields,
  groupFields,
  magic,
  readStructListHead,
} from "../../parquet/footer.ts";
import { elementFields, physicalTypes } from "./schema.ts";

/** How a part of a column is read instead: what DuckDB makes of it itself would be cut to microseconds. */
export type Patch = "int96AsInterval" | "nanosecondsWithoutZone";

const copyBytes = 1024 * 1024;
const schemaField = 2;
const metaTypeField = 1;
const statisticsField = 12;
const int96Bytes = 12n;
const convertedInterval = 21n;
/** LogicalType with a TimestampType that is not in UTC, in nanoseconds. */
const plainNanoseconds = Buffer.from([0x8c, 0x12, 0x1c, 0x3c, 0, 0, 0, 0]);

type Value = { readonly type: number; readonly bytes: Buffer };
const i32 = (value: bigint): Value => ({ type: wireTypes.i32, bytes: encodeInteger(value) });

/**
 * Copies a Parquet file with other types in its foot. The values stay: the twelve bytes of an INT96 are read as the three
 * numbers of an INTERVAL, and nanoseconds in UTC as such without a zone. `patches` are by the place of a schema's element.
 */
export async function copyPatched(
  path: string,
  copyPath: string,
  foot: Buffer,
  patches: ReadonlyMap<number, Patch>,
): Promise<void> {
  const { size } = await stat(path);
  const values = { start: 0, end: size - foot.length - 4 - magic.length - 1, highWaterMark: copyBytes };
  const patched = patchFoot(foot, patches);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(patched.length);
  async function* pieces() {
    yield* createReadStream(path, values);
    yield Buffer.concat([patched, length, magic]);
  }
  // The input may not be written to, and a copy of the system's has its mode.
  await pipeline(Readable.from(pieces()), createWriteStream(copyPath, { flags: "wx", mode: 0o600 }));
}

function patchFoot(foot: Buffer, patches: ReadonlyMap<number, Patch>): Buffer {
  return rewriteStruct(cursorOn(foot), {
    [schemaField]: (cursor, type) =>
      mapStructs(cursor, type, (element, index) => {
        const patch = patches.get(index);
        return rewriteFields(element, patch ? fieldsOf(patch) : new Map());
      }),
    [footFields.groups]: (cursor, type) =>
      mapStructs(cursor, type, (group) =>
        rewriteStruct(group, {
          [groupFields.columns]: (chunks, listType) => mapStructs(chunks, listType, patchChunk),
        }),
      ),
  });
}

/** Statistics are of the type that a column had. */
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

const fieldsOf = (patch: Patch): Map<number, Value> =>
  patch === "int96AsInterval"
    ? new Map([
        [elementFields.type, i32(BigInt(physicalTypes.fixed))],
        [elementFields.typeLength, i32(int96Bytes)],
        [elementFields.convertedType, i32(convertedInterval)],
      ])
    : new Map([[elementFields.logicalType, { type: wireTypes.struct, bytes: plainNanoseconds }]]);

function mapStructs(
  cursor: Cursor,
  type: number,
  rewrite: (cursor: Cursor, index: number) => Buffer,
): Buffer {
  const count = readStructListHead(cursor, type);
  const structs = Array.from({ length: count }, (_, index) => rewrite(cursor, index));
  return Buffer.concat([encodeListHead(count, wireTypes.struct), ...structs]);
}

/** A struct with fields put into it, or over those that it has. Their numbers are below 16. */
function rewriteFields(cursor: Cursor, others: ReadonlyMap<number, Value>): Buffer {
  const fields = new Map<number, Value>();
  readStruct(cursor, ({ id, type }) => {
    const start = cursor.offset;
    skip(cursor, type);
    fields.set(id, { type, bytes: cursor.bytes.subarray(start, cursor.offset) });
    return true;
  });
  for (const [id, value] of others) fields.set(id, value);
  const sorted = [...fields].sort(([left], [right]) => left - right);
  const parts = sorted.flatMap(([id, { type, bytes }], index) => {
    const previous = sorted[index - 1]?.[0] ?? 0;
    return [Buffer.from([((id - previous) << 4) | type]), bytes];
  });
  return Buffer.concat([...parts, Buffer.from([wireTypes.stop])]);
}
