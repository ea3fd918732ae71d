import { type FileHandle, open } from "node:fs/promises";
import { createUtf8Check } from "../decode/utf8-check.ts";
import { type Layout, notObject, skipBetweenRows } from "./between-rows.ts";
import { JsonError, needMore } from "./json-error.ts";
import { createRowScanner } from "./scan-row.ts";
import { createNode, rowName, type ValueNode } from "./value-node.ts";

/** A part of a file that begins and ends between two rows. */
export type JsonRange = {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly layout: Layout;
};

export type RangeScan = {
  readonly row: ValueNode;
  readonly rowCount: number;
  readonly longestRowBytes: number;
  /** Where the text is no JSON, or no UTF-8 where there is no message. */
  readonly problem: Problem | undefined;
};

type Problem = { readonly offset: number; readonly message: string | undefined };

const blockBytes = 4 * 1024 * 1024;
const rowBytesMax = 32 * 1024 * 1024;
const openBrace = 123;

export async function scanRange(range: JsonRange): Promise<RangeScan> {
  const row = createNode(rowName, new Uint8Array(0));
  const rows = createRows(range.layout, row);
  await using file = await open(range.path);
  const problem = await scanBlocks(file, range, rows.scanBlock);
  return { row, ...rows.found(), problem };
}

type Block = { readonly bytes: Uint8Array; readonly end: number; readonly isLast: boolean };

function createRows(layout: Layout, row: ValueNode) {
  const scanner = createRowScanner(row, layout === "lines");
  let rowCount = 0;
  let longestRowBytes = 0;

  /** Scans the row that begins there; answers where it ends, or undefined where that is not in the block. */
  function scanRow({ end, isLast }: Block, begin: number): number | undefined {
    let next: number;
    try {
      next = scanner.scan(begin);
    } catch (error) {
      if (error !== needMore) throw error;
      if (isLast) throw new JsonError(begin, "the object that begins here has no end");
      if (end - begin > rowBytesMax) throw tooLong(begin);
      return undefined;
    }
    if (next - begin > rowBytesMax) throw tooLong(begin);
    rowCount++;
    longestRowBytes = Math.max(longestRowBytes, next - begin);
    return next;
  }

  return {
    found: () => ({ rowCount, longestRowBytes }),
    /** Scans the rows that are whole; answers how far. */
    scanBlock(block: Block): number {
      const { bytes, end } = block;
      scanner.use(bytes, end);
      for (let at = 0; ; ) {
        const begin = skipBetweenRows(block, at, layout, rowCount === 0);
        if (begin >= end) return at;
        if (bytes[begin] !== openBrace) throw notObject(bytes, begin);
        const next = scanRow(block, begin);
        if (next === undefined) return at;
        at = next;
      }
    },
  };
}

const tooLong = (at: number) => new JsonError(at, "the object that begins here has more than 32 MiB");

/** Hands over blocks, each with what was left of the one before, until the range's end or a problem. */
async function scanBlocks(
  file: FileHandle,
  { from, to }: JsonRange,
  scanBlock: (block: Block) => number,
): Promise<Problem | undefined> {
  const utf8 = createUtf8Check();
  let bytes = Buffer.alloc(blockBytes + 1);
  let kept = 0;
  for (let position = from; ; ) {
    if (kept > bytes.length / 2) bytes = Buffer.concat([bytes.subarray(0, kept)], 2 * bytes.length);
    const room = Math.min(bytes.length - 1 - kept, to - position);
    const { bytesRead } = await file.read(bytes, kept, room, position);
    position += bytesRead;
    const isLast = position >= to || bytesRead === 0;
    const invalid = utf8.check(bytes.subarray(kept, kept + bytesRead)) ?? (isLast ? utf8.end() : undefined);
    if (invalid !== undefined) return { offset: from + invalid, message: undefined };
    const end = kept + bytesRead;
    // It stops the scanner's loops.
    bytes[end] = 0;
    const scanned = asProblem(() => scanBlock({ bytes, end, isLast }), position - end);
    if (typeof scanned !== "number") return scanned;
    if (isLast) return undefined;
    bytes.copyWithin(0, scanned, end);
    kept = end - scanned;
  }
}

/** A place in the block becomes one of the file, where the block begins at `from`. */
function asProblem(scan: () => number, from: number): number | Problem {
  try {
    return scan();
  } catch (error) {
    if (error instanceof JsonError) return { offset: from + error.offset, message: error.message };
    throw error;
  }
}
