import { open } from "node:fs/promises";
import type { RowBatch } from "./row-batch.ts";
import { rowsInvalid } from "./rows-invalid.ts";
import { createRowSplitter } from "./split-rows.ts";

/** Bytes to read before decoding: a pipe returns less per read. */
const readBytes = 256 * 1024;
const bufferBytesMin = 512 * 1024;

/**
 * Reads the rows of a binary COPY from a named pipe. The next bytes are read into a second buffer while the caller has a
 * batch. A row takes up to `rowBytesMax`.
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

  /** Appends bytes to a buffer until there are enough; resolves to the new end, which is unchanged at the end of the pipe. */
  async function fill(buffer: Buffer, carried: number): Promise<number> {
    let end = carried;
    // Reads grow with a long row, so that its bytes are not moved too often.
    const enough = Math.max(readBytes, carried);
    while (end < buffer.length && end - carried < enough) {
      const { bytesRead } = await input.read(buffer, end, buffer.length - end);
      if (bytesRead === 0) break;
      end += bytesRead;
    }
    return end;
  }

  to = await fill(current, 0);
  for (;;) {
    const { rowCount, end } = splitter.split(current, 0, to);
    const rest = to - end;
    const isFull = rowCount === splitter.rowsMax;
    if (rest > rowBytesMax + bufferBytesMin) throw rowsInvalid("a row is too long");
    const wanted = Math.max(bufferBytesMin, rest * 2);
    if (next.length < wanted) next = Buffer.allocUnsafeSlow(wanted);
    current.copy(next, 0, end, to);
    // After a full batch the remaining rows are split before more is read.
    const reading = isFull ? Promise.resolve(rest) : fill(next, rest);
    // The read may fail while the caller has the batch.
    reading.catch(() => {});
    const { offsets, sizes, rowsMax } = splitter;
    if (rowCount > 0) yield { bytes: current, view: viewOf(current), rowCount, rowsMax, offsets, sizes };
    to = await reading;
    [current, next] = [next, current];
    if (isFull || to > rest) continue;
    if (!splitter.isEnded || rest > 0) throw rowsInvalid("it breaks off");
    return;
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
