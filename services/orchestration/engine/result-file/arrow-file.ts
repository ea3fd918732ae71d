import { closeSync, openSync, writevSync } from "node:fs";
import { type DuckDBResult, VARCHAR } from "@duckdb/node-api";
import { Column, field, type Schema, Table, tableToIPC, Version } from "@uwdata/flechette";
import { createColumnBuilder } from "./arrow-column.ts";
import { arrowType } from "./arrow-type.ts";
import type { WrittenColumn } from "./result-select.ts";

/** A batch of rows ends with so many of them, or when it has so many bytes. */
const batchRowsMax = 64 * 1024;
const batchBytesMax = 32 * 1024 * 1024;

/** The message that ends a stream. */
const endOfStream = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** Writes rows as Arrow's IPC stream and answers how many there were. No more than one batch is in memory. */
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

/** A whole stream, in pieces. */
function encode(schema: Schema, columns: readonly Column<unknown>[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const sink = {
    write: (bytes: Uint8Array) => void pieces.push(bytes),
    pad: (byteCount: number) => void pieces.push(new Uint8Array(byteCount)),
    finish: () => null,
  };
  tableToIPC(new Table(schema, columns as never), { format: "stream", sink } as never);
  return pieces;
}

const byteLengthOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** The pieces without their first bytes and without the message that ends the stream. */
function part(pieces: readonly Uint8Array[], firstBytes: number): Uint8Array[] {
  let start = 0;
  const end = byteLengthOf(pieces) - endOfStream.length;
  return pieces.flatMap((piece) => {
    const from = Math.max(0, firstBytes - start);
    const to = Math.min(piece.byteLength, end - start);
    start += piece.byteLength;
    return from < to ? [piece.subarray(from, to)] : [];
  });
}

function writeAll(file: number, pieces: readonly Uint8Array[]): void {
  let rest = [...pieces];
  while (rest.length > 0) {
    let written = writevSync(file, rest);
    rest = rest.flatMap((piece) => {
      const taken = Math.min(written, piece.byteLength);
      written -= taken;
      return taken < piece.byteLength ? [piece.subarray(taken)] : [];
    });
  }
}
