import { open } from "node:fs/promises";
import { createParquetWriter } from "../parquet/file-writer.ts";
import { writeFully } from "../pipes/write-fully.ts";
import type { Extraction, TypedColumn } from "../protocol.ts";
import { createColumn } from "./columns.ts";
import { readRows } from "./read-rows.ts";

/** Size limit of a row group, whose values are buffered until it is complete. */
const rowGroupBytes = 32 * 1024 * 1024;
const rowGroupRowsMax = 122_880;

export type RowsTask = {
  /** Named pipe with a binary COPY. */
  readonly path: string;
  readonly outputPath: string;
  readonly columns: readonly TypedColumn[];
  readonly rowBytesMax: number;
};

/** Writes the rows as a Parquet file and returns its statistics. */
export async function writeRows({ path, outputPath, columns, rowBytesMax }: RowsTask): Promise<Extraction> {
  await using output = await open(outputPath, "w");
  const writer = createParquetWriter(columns, (bytes) => writeFully(output, bytes));
  const decoders = columns.map(createColumn);
  let rowCount = 0;
  let groupRows = 0;
  // Compresses and writes a row group while the next one is decoded.
  let writing = Promise.resolve();

  async function flushGroup(): Promise<void> {
    const values = decoders.map((decoder) => decoder.take());
    const rows = groupRows;
    groupRows = 0;
    await writing;
    writing = writer.writeRowGroup(rows, values);
    // The write may fail while the loop waits for rows.
    writing.catch(() => {});
  }

  for await (const batch of readRows(path, columns.length, rowBytesMax)) {
    for (const [index, decoder] of decoders.entries()) decoder.append(batch, index * batch.rowsMax);
    rowCount += batch.rowCount;
    groupRows += batch.rowCount;
    const bytes = decoders.reduce((sum, decoder) => sum + decoder.bytes, 0);
    if (groupRows >= rowGroupRowsMax || bytes >= rowGroupBytes) await flushGroup();
  }
  if (groupRows > 0) await flushGroup();
  await writing;
  await writer.end();
  return { rowCount, columns: decoders.map((decoder) => decoder.stats()) };
}
