import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type JsonRange, type RangeScan, scanRange } from "./scan-range.ts";
import { mergeInto } from "./value-node.ts";

/** Size of a part. Starting a thread takes longer than scanning a smaller one. */
const partBytes = 16 * 1024 * 1024;
const threadsMax = 4;
const lineFeed = 10;
const readBytes = 64 * 1024;

/** Scans all rows. If each is on a line, parts are scanned in parallel: strings of JSON can't contain line breaks. */
export async function scanFile(range: JsonRange): Promise<RangeScan> {
  const parts = range.layout === "lines" ? await split(range) : [range];
  const [first, ...others] = await scanParts(parts);
  if (!first) throw new Error("a file has a part");
  let total = first;
  for (const part of others) {
    if (total.problem) return total;
    mergeInto(total.row, part.row);
    total = {
      row: total.row,
      rowCount: total.rowCount + part.rowCount,
      longestRowBytes: Math.max(total.longestRowBytes, part.longestRowBytes),
      problem: part.problem,
    };
  }
  return total;
}

async function split(range: JsonRange): Promise<JsonRange[]> {
  await using file = await open(range.path);
  const parts: JsonRange[] = [];
  for (let from = range.from; from < range.to || parts.length === 0; ) {
    const to = from + partBytes >= range.to ? range.to : await nextLine(file, from + partBytes, range.to);
    parts.push({ ...range, from, to });
    from = to;
  }
  return parts;
}

async function nextLine(file: FileHandle, from: number, to: number): Promise<number> {
  const block = Buffer.alloc(readBytes);
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(block, 0, readBytes, at);
    const feed = block.subarray(0, bytesRead).indexOf(lineFeed);
    if (feed >= 0) return Math.min(to, at + feed + 1);
    if (bytesRead === 0) return to;
    at += bytesRead;
  }
  return to;
}

async function scanParts(parts: readonly JsonRange[]): Promise<RangeScan[]> {
  const count = Math.min(parts.length, availableParallelism(), threadsMax);
  if (count < 2) return Promise.all(parts.map(scanRange));
  // This thread scans too, while the workers load and warm up.
  const workers = Array.from(
    { length: count - 1 },
    () => new Worker(new URL("./scan-worker.ts", import.meta.url)),
  );
  const scanners = [scanRange, ...workers.map(scannerOf)];
  const scans: RangeScan[] = [];
  const queue = parts.entries();
  try {
    await Promise.all(
      scanners.map(async (scan) => {
        for (const [index, part] of queue) scans[index] = await scan(part);
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return scans;
}

const scannerOf =
  (worker: Worker) =>
  async (part: JsonRange): Promise<RangeScan> => {
    worker.postMessage(part);
    const [scan] = await once(worker, "message");
    return scan as RangeScan;
  };
