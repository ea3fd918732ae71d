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
  /** Offset of the first row. */
  readonly from: number;
  /** Size of a segment. Starting a thread takes longer than scanning a smaller one. */
  readonly segmentBytes?: number;
};

export type FileTally = { readonly tally: Tally; readonly badRow: BadRow | undefined };

const defaultSegmentBytes = 16 * 1024 * 1024;
const threadsMax = 4;

/**
 * Scans all rows of a file in parallel segments. A segment starts after a line break, which may be within quotes; then the
 * previous segment ends elsewhere, and the segment is scanned again from there.
 */
export async function scanFile({
  path,
  from,
  segmentBytes = defaultSegmentBytes,
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
    // The segment started within a row of the previous one.
    const aligned = scan.start === next ? scan : await scanAgain(segment, next);
    addTally(total, aligned.tally);
    if (aligned.badRow) {
      const line = total.lineCount - aligned.tally.lineCount + aligned.badRow.line;
      return { tally: total, badRow: { line, message: aligned.badRow.message } };
    }
    next = aligned.end;
  }
  return { tally: total, badRow: undefined };
}

function scanAgain(segment: Segment, from: number): Promise<SegmentScan> {
  return scanSegment({ ...segment, from, to: Math.max(from, segment.to), isAligned: true });
}

type Threads = AsyncDisposable & { readonly scans: readonly ((segment: Segment) => Promise<SegmentScan>)[] };

/** One segment is scanned on the current thread. */
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

/** Threads take segments from a queue; results are yielded in file order. */
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
