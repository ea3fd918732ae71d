import { once } from "node:events";
import type { Writable } from "node:stream";
import { copyLineBytesMax } from "../../engine/database/file-reader.ts";
import { executionTooLarge, sourceDataInvalid } from "../../errors.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { ColumnBatch, RowStream } from "./row-source.ts";

/** Writes rows to the pipe of an engine. Returns how many there were, if it is known. */
export async function writeRows(
  rows: RowStream,
  pipe: Writable,
  signal: AbortSignal,
): Promise<number | undefined> {
  if ("writeTo" in rows) return rows.writeTo(pipe);
  let rowCount = 0;
  const batches = rows.batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      // A source may take long for its next batch.
      const { done, value } = await beforeAbort(batches.next(), signal);
      if (done) return rowCount;
      if (!pipe.write(encodeBatch(value))) await once(pipe, "drain", { signal });
      rowCount += value.rowCount;
    }
  } finally {
    await batches.return?.();
  }
}

/** CSV as the engine reads it: `\N` is null, and every other value is quoted. */
function encodeBatch({ rowCount, columns }: ColumnBatch): string {
  const lines = Array.from({ length: rowCount }, (_, index) => {
    const line = columns.map((values) => encodeValue(values[index] ?? null)).join(",");
    if (isAbove(copyLineBytesMax, line)) throw rowTooLarge();
    return line;
  });
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** Counts the bytes only where the characters leave it open. A character takes at most three. */
const isAbove = (bytesMax: number, line: string): boolean =>
  line.length > bytesMax || (3 * line.length > bytesMax && Buffer.byteLength(line) > bytesMax);

function encodeValue(value: string | null): string {
  if (value === null) return "\\N";
  // The engine's reader would end the text here.
  if (value.includes("\0")) throw sourceDataInvalid("the source has a text with a NUL character");
  return `"${value.replaceAll('"', '""')}"`;
}

const rowTooLarge = () =>
  executionTooLarge(
    `a row takes more than ${copyLineBytesMax / 1024 ** 2} MiB as text: select fewer columns`,
  );
