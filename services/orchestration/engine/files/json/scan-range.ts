import { type FileHandle, open } from "node:fs/promises";
import { createUtf8Check } from "../decode/utf8-check.ts";
import { JsonError, needMore } from "./json-error.ts";
import { createRowScanner } from "./scan-row.ts";
import { type Layout, notObject, skipBetweenRows } from "./skip-between-rows.ts";
import { createNode, rowName, type ValueNode } from "./value-node.ts";

/** A part of a file with complete rows. */
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
  /** The first error; without a message the text is not UTF-8. */
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
  return { row, ...rows.result(), problem };
}

type Block = { readonly bytes: Uint8Array; readonly end: number; readonly isLast: boolean };

function createRows(layout: Layout, row: ValueNode) {
  const scanner = createRowScanner(row, layout === "lines");
  let rowCount = 0;
  let longestRowBytes = 0;

  /** Scans the row at `begin`; returns the offset after it, or undefined if the block ends before. */
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
    result: () => ({ rowCount, longestRowBytes }),
    /** Scans the complete rows; returns the offset after them. */
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

/** Reads blocks, each prefixed by the unscanned rest of the previous one, until the end or an error. */
async function scanBlocks(
  file: FileHandle,
  { from, to }: JsonRange,
  scanBlock: (block: Block) => number,
): Promise<Problem | undefined> {
  const utf8 = createUtf8Check();
  let bytes = Buffer.alloc(blockBytes + 1);
  let carried = 0;
  for (let position = from; ; ) {
    if (carried > bytes.length / 2) bytes = Buffer.concat([bytes.subarray(0, carried)], 2 * bytes.length);
    const length = Math.min(bytes.length - 1 - carried, to - position);
    const { bytesRead } = await file.read(bytes, carried, length, position);
    position += bytesRead;
    const isLast = position >= to || bytesRead === 0;
    const invalid =
      utf8.check(bytes.subarray(carried, carried + bytesRead)) ?? (isLast ? utf8.end() : undefined);
    if (invalid !== undefined) return { offset: from + invalid, message: undefined };
    const end = carried + bytesRead;
    // Sentinel of the scanner's loops.
    bytes[end] = 0;
    const scanned = asProblem(() => scanBlock({ bytes, end, isLast }), position - end);
    if (typeof scanned !== "number") return scanned;
    if (isLast) return undefined;
    bytes.copyWithin(0, scanned, end);
    carried = end - scanned;
  }
}

/** Converts an offset in the block to one in the file, where the block starts at `from`. */
function asProblem(scan: () => number, from: number): number | Problem {
  try {
    return scan();
  } catch (error) {
    if (error instanceof JsonError) return { offset: from + error.offset, message: error.message };
    throw error;
  }
}
