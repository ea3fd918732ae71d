import { open } from "node:fs/promises";
import type { RowBatch } from "./row-batch.ts";
import { rowsInvalid } from "./rows-invalid.ts";
import { createRowSplitter } from "./split-rows.ts";

/** What is read before its rows are decoded, in bytes: a pipe gives less at once. */
const readBytes = 256 * 1024;
const bufferBytesMin = 512 * 1024;

/**
 * Reads the rows of a binary COPY out of a named pipe. While a batch is with the caller, the bytes behind it are read
 * into another buffer. A row takes up to `rowBytesMax`.
 */
export async function* readRows(
  path: string,
  columnCount: number,
  rowBytesMax: number,
): AsyncGenerator<RowBatch, void> {
  const splitter = createRowSplitter(columnCount);
  await using input = await open(path, "r");
  let current = Buffer.allocUnsafeSlow(bufferBytesMin);
  let next = Buffer.allocUnsafeSlow(bufferBytesMin);
  let to = 0;

  /** Reads behind what a buffer has until there is enough; answers the new end, the same one at the end of the pipe. */
  async function fill(buffer: Buffer, held: number): Promise<number> {
    let end = held;
    // Of a long row more is read each time, or what is held would be moved too often.
    const enough = Math.max(readBytes, held);
    while (end < buffer.length && end - held < enough) {
      const { bytesRead } = await input.read(buffer, end, buffer.length - end);
      if (bytesRead === 0) break;
      end += bytesRead;
    }
    return end;
  }

  to = await fill(current, 0);
  for (;;) {
    const { rowCount, end } = splitter.split(current, 0, to);
    const left = to - end;
    const isFull = rowCount === splitter.rowsMax;
    if (left > rowBytesMax + bufferBytesMin) throw rowsInvalid("a row is too long");
    const wanted = Math.max(bufferBytesMin, left * 2);
    if (next.length < wanted) next = Buffer.allocUnsafeSlow(wanted);
    current.copy(next, 0, end, to);
    // A batch that is full leaves whole rows behind, which are split before more is read.
    const reading = isFull ? Promise.resolve(left) : fill(next, left);
    // It may fail while the caller has the batch.
    reading.catch(() => {});
    const { places, sizes, rowsMax } = splitter;
    if (rowCount > 0) yield { bytes: current, view: viewOf(current), rowCount, rowsMax, places, sizes };
    to = await reading;
    [current, next] = [next, current];
    if (isFull || to > left) continue;
    if (!splitter.isEnded || left > 0) throw rowsInvalid("it breaks off");
    return;
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
