import { type FileHandle, open } from "node:fs/promises";
import { type BadRow, createBlockScan } from "./block-scan.ts";
import { findBadBytes } from "./find-bad-bytes.ts";
import type { ScanOptions } from "./scan-options.ts";
import type { Tally } from "./tally.ts";

/** The rows that start from `from` up to `to`, exclusive. */
export type Segment = ScanOptions & {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** Whether a row starts at `from`; otherwise the segment starts after the next line break. */
  readonly isAligned: boolean;
};

export type SegmentScan = {
  readonly tally: Tally;
  /** Offsets of its first row and of the first row of the next segment. */
  readonly start: number;
  readonly end: number;
  readonly badRow: BadRow | undefined;
};

const readBytes = 2 * 1024 * 1024;
/** Longest accepted row, in bytes. */
export const rowBytesMax = 32 * 1024 * 1024;
/** Bytes after the end that the scan may read and write. */
const overreadBytes = 64;
/** Bytes per read beyond the end of the segment. */
const tailBytes = 64 * 1024;
const lf = 10;

/** Scans the rows of a segment. A bad row is returned, not thrown. */
export async function scanSegment({ path, from, to, isAligned, ...options }: Segment): Promise<SegmentScan> {
  await using file = await open(path);
  const { size } = await file.stat();
  const end = Math.min(to, size);
  const start = isAligned ? from : await nextRow(file, from, end);
  const scan = createBlockScan(options);
  let line = 0;
  let base = start;
  let buffered = 0;
  let badRow: BadRow | undefined;
  while (base < end && badRow === undefined) {
    if (buffered + readBytes + overreadBytes > scan.bytes().length) scan.grow();
    // Beyond its end only the rest of one row is needed.
    const wanted = base + buffered < end ? readBytes : tailBytes;
    const { bytesRead } = await file.read(scan.bytes(), buffered, wanted, base + buffered);
    buffered += bytesRead;
    const taken = scan.scan(buffered, end - base, base + buffered >= size);
    badRow = findBadBytes(scan.bytes().subarray(0, taken), line) ?? scan.badRow();
    line = scan.lineCount();
    if (taken === 0 && buffered > rowBytesMax) badRow ??= { line, message: tooLong };
    scan.bytes().copyWithin(0, taken, buffered);
    base += taken;
    buffered -= taken;
  }
  return { tally: scan.tally(), start, end: base, badRow };
}

export const tooLong = `it has more than ${rowBytesMax / 1024 ** 2} MiB; is a quote opened and not closed?`;

/** Offset after the next line break; `to` if there is none before. */
async function nextRow(file: FileHandle, from: number, to: number): Promise<number> {
  const bytes = new Uint8Array(tailBytes);
  for (let base = from; base < to; base += bytes.length) {
    const { bytesRead } = await file.read(bytes, 0, bytes.length, base);
    const found = bytes.subarray(0, bytesRead).indexOf(lf);
    if (found >= 0) return Math.min(to, base + found + 1);
  }
  return to;
}
