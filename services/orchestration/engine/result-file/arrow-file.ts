import { closeSync, openSync, writevSync } from "node:fs";
import { type DuckDBResult, VARCHAR } from "@duckdb/node-api";
import { Column, field, type Schema, Table, tableToIPC, Version } from "@uwdata/flechette";
import { createColumnBuilder } from "./arrow-column.ts";
import { arrowType } from "./arrow-type.ts";
import type { WrittenColumn } from "./result-select.ts";

/** Limits of a record batch. */
const batchRowsMax = 64 * 1024;
const batchBytesMax = 32 * 1024 * 1024;

/** End-of-stream marker. */
const endOfStream = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** Writes rows as an Arrow IPC stream and returns their number. At most one batch is in memory. */
export async function writeArrow(
  result: DuckDBResult,
  columns: readonly WrittenColumn[],
  path: string,
): Promise<number> {
  const types = columns.map(({ type, isText }) => arrowType(isText ? VARCHAR : type));
  const builders = result
    .columnTypes()
    .map((type, index) => createColumnBuilder(type, types[index] as never));
  const schema = {
    version: Version.V5,
    endianness: 0,
    fields: columns.map(({ name }, index) => field(name, types[index] as never)),
    metadata: null,
  } as unknown as Schema;
  const schemaMessage = encode(
    schema,
    types.map((type) => new Column([], type)),
  );
  const schemaBytes = byteLengthOf(schemaMessage) - endOfStream.length;
  const file = openSync(path, "w");
  let rows = 0;
  let batchRows = 0;
  const writeBatch = () => {
    if (batchRows === 0) return;
    const batch = builders.map((builder, index) => new Column([builder.drain()], types[index]));
    writeAll(file, part(encode(schema, batch), schemaBytes));
    batchRows = 0;
  };
  try {
    writeAll(file, part(schemaMessage, 0));
    for await (const chunk of result) {
      for (const [index, builder] of builders.entries()) {
        builder.append(chunk.getColumnVector(index), 0, chunk.rowCount);
      }
      rows += chunk.rowCount;
      batchRows += chunk.rowCount;
      const bytes = builders.reduce((sum, builder) => sum + builder.byteLength(), 0);
      if (batchRows >= batchRowsMax || bytes >= batchBytesMax) writeBatch();
    }
    writeBatch();
    writeAll(file, [endOfStream]);
    return rows;
  } finally {
    closeSync(file);
  }
}

/** Encodes a complete stream, as chunks. */
function encode(schema: Schema, columns: readonly Column<unknown>[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const sink = {
    write: (bytes: Uint8Array) => void chunks.push(bytes),
    pad: (byteCount: number) => void chunks.push(new Uint8Array(byteCount)),
    finish: () => null,
  };
  tableToIPC(new Table(schema, columns as never), { format: "stream", sink } as never);
  return chunks;
}

const byteLengthOf = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Drops the first bytes and the end-of-stream marker. */
function part(chunks: readonly Uint8Array[], firstBytes: number): Uint8Array[] {
  let start = 0;
  const end = byteLengthOf(chunks) - endOfStream.length;
  return chunks.flatMap((chunk) => {
    const from = Math.max(0, firstBytes - start);
    const to = Math.min(chunk.byteLength, end - start);
    start += chunk.byteLength;
    return from < to ? [chunk.subarray(from, to)] : [];
  });
}

function writeAll(file: number, chunks: readonly Uint8Array[]): void {
  let rest = [...chunks];
  while (rest.length > 0) {
    let written = writevSync(file, rest);
    rest = rest.flatMap((chunk) => {
      const taken = Math.min(written, chunk.byteLength);
      written -= taken;
      return taken < chunk.byteLength ? [chunk.subarray(taken)] : [];
    });
  }
}
