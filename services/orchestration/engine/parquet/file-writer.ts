import type { TypedColumn } from "../protocol.ts";
import type { ColumnValues } from "./column-values.ts";
import { magic, withTail } from "./footer.ts";
import { encodePages, type Pages } from "./pages.ts";
import { parquetTypeOf, schemaOf } from "./schema.ts";
import {
  binary,
  bool,
  encodeThrift,
  i32,
  i64,
  list,
  struct,
  type ThriftValue,
} from "./thrift/thrift-value.ts";

const zstd = 6;

/** Writes a Parquet file sequentially. */
export type ParquetWriter = {
  writeRowGroup(rowCount: number, columns: readonly ColumnValues[]): Promise<void>;
  end(): Promise<void>;
};

export function createParquetWriter(
  columns: readonly TypedColumn[],
  write: (bytes: Uint8Array) => Promise<void>,
): ParquetWriter {
  const rowGroups: ThriftValue[] = [];
  let totalRows = 0;
  let position = 0;

  async function append(bytes: Uint8Array): Promise<void> {
    await write(bytes);
    position += bytes.length;
  }

  async function writeMagic(): Promise<void> {
    if (position === 0) await append(magic);
  }

  return {
    async writeRowGroup(rowCount, values) {
      await writeMagic();
      const encoded = await encodeAll(values);
      let offset = position;
      const chunks = encoded.map((pages, index) => {
        const chunk = describeChunk(columns[index], values[index], pages, offset);
        offset += pages.bytes;
        return chunk;
      });
      const uncompressedBytes = encoded.reduce((sum, pages) => sum + pages.uncompressedBytes, 0);
      rowGroups.push(
        struct([
          [1, list(chunks)],
          [2, i64(uncompressedBytes)],
          [3, i64(rowCount)],
          [5, i64(position)],
          [6, i64(offset - position)],
        ]),
      );
      totalRows += rowCount;
      await append(Buffer.concat(encoded.flatMap(({ chunks: bytes }) => bytes)));
    },
    async end() {
      await writeMagic();
      const footer = encodeThrift(
        struct([
          [1, i32(1)],
          [2, list(schemaOf(columns))],
          [3, i64(totalRows)],
          [4, list(rowGroups)],
          [6, binary("Sluice")],
          // Column orders: statistics use the order of the type.
          [7, list(columns.map(() => struct([[1, struct([])]])))],
        ]),
      );
      await append(withTail(footer));
    },
  };
}

/** One per compression thread of libuv. More would only take memory: there may be 1,600 columns. */
const concurrency = 4;

async function encodeAll(values: readonly ColumnValues[]): Promise<Pages[]> {
  const encoded: Pages[] = [];
  const next = values.entries();
  const encodeNext = async () => {
    for (const [index, column] of next) encoded[index] = await encodePages(column);
  };
  await Promise.all(Array.from({ length: concurrency }, encodeNext));
  return encoded;
}

function describeChunk(
  column: TypedColumn | undefined,
  values: ColumnValues | undefined,
  pages: Pages,
  offset: number,
): ThriftValue {
  if (!column || !values) throw new Error("a row group has other columns than its file");
  const { nullCount, rowCount, min, max } = values;
  const statistics = struct([
    [3, i64(nullCount)],
    [5, max && binary(max)],
    [6, min && binary(min)],
    [7, max && bool(true)],
    [8, min && bool(true)],
  ]);
  const metaData = struct([
    [1, i32(parquetTypeOf(column.dataType).physical)],
    [2, list(pages.encodings.map(i32))],
    [3, list([binary(column.name)])],
    [4, i32(zstd)],
    [5, i64(rowCount)],
    [6, i64(pages.uncompressedBytes)],
    [7, i64(pages.bytes)],
    [9, i64(offset + pages.dictionaryBytes)],
    [11, pages.dictionaryBytes > 0 ? i64(offset) : undefined],
    [12, statistics],
  ]);
  return struct([
    [2, i64(offset)],
    [3, metaData],
  ]);
}
