import { type FileHandle, open } from "node:fs/promises";
import { type BadRow, createBlockScan } from "./block-scan.ts";
import { findBadBytes } from "./find-bad-bytes.ts";
import type { ScanOptions } from "./scan-options.ts";
import type { Tally } from "./tally.ts";

/** Rows of a file: those that begin from `from` on and before `to`. */
export type Segment = ScanOptions & {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Whether a row begins at `from`; otherwise the first one behind the next line break is the segment's first. */
  readonly isAligned: boolean;
};

export type SegmentScan = {
  readonly tally: Tally;
  /** Where its first row begins, and the first one of the next segment. */
  readonly start: number;
  readonly end: number;
  readonly badRow: BadRow | undefined;
};

const readBytes = 2 * 1024 * 1024;
/** Longest row that is read, in bytes. */
export const rowBytesMax = 32 * 1024 * 1024;
/** The scan writes and looks this far beyond the end. */
const roomBytes = 64;
/** What is read at once where little is wanted. */
const tailBytes = 64 * 1024;
const lf = 10;

/** Counts what some rows of a file have. What is wrong with a row is answered, not thrown. */
export async function scanSegment({ path, from, to, isAligned, ...options }: Segment): Promise<SegmentScan> {
  await using file = await open(path);
  const { size } = await file.stat();
  const end = Math.min(to, size);
  const start = isAligned ? from : await nextRow(file, from, end);
  const scan = createBlockScan(options);
  let line = 0;
  let base = start;
  let have = 0;
  let badRow: BadRow | undefined;
  while (base < end && badRow === undefined) {
    if (have + readBytes + roomBytes > scan.bytes().length) scan.grow();
    // Behind its end a segment has the rest of one row.
    const wanted = base + have < end ? readBytes : tailBytes;
    const { bytesRead } = await file.read(scan.bytes(), have, wanted, base + have);
    have += bytesRead;
    const taken = scan.scan(have, end - base, base + have >= size);
    badRow = findBadBytes(scan.bytes().subarray(0, taken), line) ?? scan.badRow();
    line = scan.lineCount();
    if (taken === 0 && have > rowBytesMax) badRow ??= { line, message: tooLong };
    scan.bytes().copyWithin(0, taken, have);
    base += taken;
    have -= taken;
  }
  return { tally: scan.tally(), start, end: base, badRow };
}

export const tooLong = `it has more than ${rowBytesMax / 1024 ** 2} MiB; is a quote opened and not closed?`;

/** Where the first row behind a line break begins; `to` when there is none before it. */
async function nextRow(file: FileHandle, from: number, to: number): Promise<number> {
  const bytes = new Uint8Array(tailBytes);
  for (let base = from; base < to; base += bytes.length) {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, base);
    const found = bytes.subarray(0, bytesRead).indexOf(lf);
    if (found >= 0) return Math.min(to, base + found + 1);
  }
  return to;
}
