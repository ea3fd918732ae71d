import { once } from "node:events";
import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { BadRow } from "./block-scan.ts";
import type { ScanOptions } from "./scan-options.ts";
import { type Segment, type SegmentScan, scanSegment } from "./scan-segment.ts";
import { addTally, createTally, type Tally } from "./tally.ts";

export type FileScan = ScanOptions & {
  readonly path: string;
  /** Where the first row begins. */
  readonly from: number;
  /** Part of the file that is scanned at once: a thread takes longer to start than less of it takes. */
  readonly segmentBytes?: number;
};

export type FileTally = { readonly tally: Tally; readonly badRow: BadRow | undefined };

const segmentBytesUsual = 16 * 1024 * 1024;
const threadsMax = 4;

/**
 * Counts what all rows of a file have, several parts of it at once: a part begins behind a line break, which may be one
 * within quotes. Then the part before it ends elsewhere, and it is scanned once more.
 */
export async function scanFile({
  path,
  from,
  segmentBytes = segmentBytesUsual,
  ...options
}: FileScan): Promise<FileTally> {
  const { size } = await stat(path);
  const total = createTally(options.columnCount, options.forms.length);
  const segments: Segment[] = [];
  for (let begin = from; begin < size; begin += segmentBytes) {
    const to = Math.min(begin + segmentBytes, size);
    segments.push({ ...options, path, from: begin, to, isAligned: begin === from });
  }
  await using threads = startThreads(segments.length);
  let next = from;
  for await (const { segment, scan } of inOrder(segments, threads)) {
    // What belongs to the row before was no row of its own.
    const right = scan.start === next ? scan : await scanAgain(segment, next);
    addTally(total, right.tally);
    if (right.badRow) {
      const line = total.lineCount - right.tally.lineCount + right.badRow.line;
      return { tally: total, badRow: { line, message: right.badRow.message } };
    }
    next = right.end;
  }
  return { tally: total, badRow: undefined };
}

function scanAgain(segment: Segment, from: number): Promise<SegmentScan> {
  return scanSegment({ ...segment, from, to: Math.max(from, segment.to), isAligned: true });
}

type Threads = AsyncDisposable & { readonly scans: readonly ((segment: Segment) => Promise<SegmentScan>)[] };

/** The thread at hand is enough for one segment. */
function startThreads(segmentCount: number): Threads {
  const count = Math.min(segmentCount, availableParallelism(), threadsMax);
  if (count < 2) return { scans: [scanSegment], async [Symbol.asyncDispose]() {} };
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL("./scan-worker.ts", import.meta.url)),
  );
  return {
    scans: workers.map((worker) => async (segment) => {
      worker.postMessage(segment);
      const [scan] = await once(worker, "message");
      return scan;
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

type Scanned = { readonly segment: Segment; readonly scan: SegmentScan };

/** Each thread takes the next segment when it is done with one; the answers come in the file's order. */
async function* inOrder(segments: readonly Segment[], { scans }: Threads): AsyncGenerator<Scanned> {
  const results = segments.map(() => Promise.withResolvers<SegmentScan>());
  for (const { promise } of results) promise.catch(() => {});
  const queue = segments.entries();
  for (const scan of scans) {
    void (async () => {
      for (const [index, segment] of queue) {
        await scan(segment).then(results[index]?.resolve, results[index]?.reject);
      }
    })();
  }
  for (const [index, segment] of segments.entries()) {
    const scan = await results[index]?.promise;
    if (scan) yield { segment, scan };
  }
}
