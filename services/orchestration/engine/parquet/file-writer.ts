import type { TypedColumn } from "../protocol.ts";
import type { Values } from "./column-values.ts";
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

/** Writes a Parquet file from its beginning to its end. */
export type ParquetWriter = {
  /** Writes the values of all columns of some rows. */
  writeRowGroup(rowCount: number, columns: readonly Values[]): Promise<void>;
  /** Writes the footer. */
  end(): Promise<void>;
};

export function createParquetWriter(
  columns: readonly TypedColumn[],
  write: (bytes: Uint8Array) => Promise<void>,
): ParquetWriter {
  const rowGroups: ThriftValue[] = [];
  let rowCountOfAll = 0;
  let position = 0;

  async function append(bytes: Uint8Array): Promise<void> {
    await write(bytes);
    position += bytes.length;
  }

  async function begin(): Promise<void> {
    if (position === 0) await append(magic);
  }

  return {
    async writeRowGroup(rowCount, values) {
      await begin();
      const encoded = await encodeAll(values);
      let at = position;
      const chunks = encoded.map((pages, index) => {
        const chunk = describeChunk(columns[index], values[index], pages, at);
        at += pages.bytes;
        return chunk;
      });
      const uncompressedBytes = encoded.reduce((sum, pages) => sum + pages.uncompressedBytes, 0);
      rowGroups.push(
        struct([
          [1, list(chunks)],
          [2, i64(uncompressedBytes)],
          [3, i64(rowCount)],
          [5, i64(position)],
          [6, i64(at - position)],
        ]),
      );
      rowCountOfAll += rowCount;
      await append(Buffer.concat(encoded.flatMap(({ chunks: bytes }) => bytes)));
    },
    async end() {
      await begin();
      const footer = encodeThrift(
        struct([
          [1, i32(1)],
          [2, list(schemaOf(columns))],
          [3, i64(rowCountOfAll)],
          [4, list(rowGroups)],
          [6, binary("Sluice")],
          // Smallest and largest values are by the order of their types.
          [7, list(columns.map(() => struct([[1, struct([])]])))],
        ]),
      );
      await append(withTail(footer));
    },
  };
}

/** As many as threads that compress: each takes memory of its own, and there may be 1,600 columns. */
const lanes = 4;

async function encodeAll(values: readonly Values[]): Promise<Pages[]> {
  const encoded: Pages[] = [];
  const next = values.entries();
  const lane = async () => {
    for (const [index, column] of next) encoded[index] = await encodePages(column);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return encoded;
}

function describeChunk(
  column: TypedColumn | undefined,
  values: Values | undefined,
  pages: Pages,
  at: number,
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
  const described = struct([
    [1, i32(parquetTypeOf(column.dataType).physical)],
    [2, list(pages.encodings.map(i32))],
    [3, list([binary(column.name)])],
    [4, i32(zstd)],
    [5, i64(rowCount)],
    [6, i64(pages.uncompressedBytes)],
    [7, i64(pages.bytes)],
    [9, i64(at + pages.dictionaryBytes)],
    [11, pages.dictionaryBytes > 0 ? i64(at) : undefined],
    [12, statistics],
  ]);
  return struct([
    [2, i64(at)],
    [3, described],
  ]);
}
