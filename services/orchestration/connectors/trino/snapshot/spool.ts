import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { newId } from "../../../../lib/values/ids.ts";
import { diskFull, executionTooLarge } from "../../../errors.ts";
import type { ColumnBatch, RowRange } from "../../sql/row-source.ts";
import { writeRows } from "../../sql/write-rows.ts";

/** Copies of tables, which are removed together. */
export type Spool = AsyncDisposable & {
  /** Copies rows, as the engine reads them. ResourceExhausted (EXECUTION_LIMIT, DISK_FULL). */
  copy(batches: AsyncIterable<ColumnBatch>, signal: AbortSignal): Promise<TableCopy>;
};

export type TableCopy = {
  readonly rowCount: number;
  /** Number of blocks, which are `blockRows` rows each; the last one may have fewer. */
  readonly blockCount: number;
  /** Writes the rows of some blocks, or all. Returns how many there are. */
  write(range: RowRange | undefined, sink: Writable): Promise<number>;
};

const blockRows = 500;
/** Maximum of a copy, in bytes. */
const copyBytesMax = 16 * 1024 ** 3;

export function createSpool(directory: string): Spool {
  const folder = join(directory, newId());
  return {
    async copy(batches, signal) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, newId());
      try {
        return await copyTo(path, batches, signal);
      } catch (error) {
        throw (error as NodeJS.ErrnoException).code === "ENOSPC" ? diskFull() : error;
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function copyTo(
  path: string,
  batches: AsyncIterable<ColumnBatch>,
  signal: AbortSignal,
): Promise<TableCopy> {
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  // A failure to open it is thrown by the first write.
  file.on("error", () => {});
  /** Offsets of blocks in the file. */
  const starts: number[] = [];
  let rowCount = 0;
  try {
    await once(file, "open", { signal });
    for await (const block of blocksOf(batches)) {
      const at = file.bytesWritten + file.writableLength;
      if (at > copyBytesMax) throw tooLarge();
      starts.push(at);
      rowCount += block.rowCount;
      await writeRows({ batches: only(block) }, file, signal);
    }
    file.end();
    await finished(file, { signal });
  } finally {
    file.destroy();
  }
  starts.push(file.bytesWritten);
  return {
    rowCount,
    blockCount: starts.length - 1,
    async write(range, sink) {
      const { from, to = starts.length - 1 } = range ?? { from: 0, to: undefined };
      const [start = 0, end = 0] = [starts[from], starts[Math.min(to, starts.length - 1)]];
      if (end > start) await pipe(path, { start, end: end - 1 }, sink);
      return Math.max(0, Math.min(rowCount, to * blockRows) - from * blockRows);
    },
  };
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** Leaves the sink open. */
async function pipe(path: string, range: { start: number; end: number }, sink: Writable): Promise<void> {
  for await (const chunk of createReadStream(path, { ...range, highWaterMark: 1024 * 1024 })) {
    if (!sink.write(chunk)) await once(sink, "drain");
  }
}

/** The same rows in batches of `blockRows`. */
async function* blocksOf(batches: AsyncIterable<ColumnBatch>): AsyncGenerator<ColumnBatch> {
  let waiting: ColumnBatch | undefined;
  for await (const batch of batches) {
    let rest = waiting ? joined(waiting, batch) : batch;
    while (rest.rowCount >= blockRows) {
      yield part(rest, 0, blockRows);
      rest = part(rest, blockRows, rest.rowCount);
    }
    waiting = rest;
  }
  if (waiting && waiting.rowCount > 0) yield waiting;
}

const part = ({ columns }: ColumnBatch, from: number, to: number): ColumnBatch => ({
  rowCount: to - from,
  columns: columns.map((values) => values.slice(from, to)),
});

const joined = (one: ColumnBatch, other: ColumnBatch): ColumnBatch => ({
  rowCount: one.rowCount + other.rowCount,
  columns: one.columns.map((values, index) => [...values, ...(other.columns[index] ?? [])]),
});

const tooLarge = () =>
  executionTooLarge(
    `a table takes more than ${copyBytesMax / 1024 ** 3} GiB: stage a query that selects less`,
  );
