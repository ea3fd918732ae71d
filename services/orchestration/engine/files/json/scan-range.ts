import { open } from "node:fs/promises";
import { createUtf8Check } from "../decode/utf8-check.ts";
import { JsonError, needMore } from "./json-error.ts";
import { createRowScanner } from "./scan-row.ts";
import { createNode, rowName, type ValueNode } from "./value-node.ts";

/** How rows follow each other: one a line, one after the other, or as the values of a list. */
export type Layout = "lines" | "sequence" | "list";

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
  readonly problem: { readonly offset: number; readonly message: string | undefined } | undefined;
};

export const blockBytes = 4 * 1024 * 1024;
export const rowBytesMax = 32 * 1024 * 1024;

const isSpace = (byte: number | undefined): boolean =>
  byte === 32 || byte === 10 || byte === 13 || byte === 9;

export async function scanRange(range: JsonRange): Promise<RangeScan> {
  const row = createNode(rowName, new Uint8Array(0));
  const found = { rowCount: 0, longestRowBytes: 0 };
  const scanner = createRowScanner(row, range.layout === "lines");
  const problem = await readBlocks(range, (bytes, end, isLast) =>
    scanBlock({ bytes, end, isLast }, range.layout, scanner, found),
  );
  return { row, ...found, problem };
}

type Block = { readonly bytes: Uint8Array; readonly end: number; readonly isLast: boolean };

/** Scans the rows that are whole; answers where the first one begins that is not. */
function scanBlock(
  { bytes, end, isLast }: Block,
  layout: Layout,
  scanner: ReturnType<typeof createRowScanner>,
  found: { rowCount: number; longestRowBytes: number },
): number {
  scanner.use(bytes, end);
  const betweenRows = createBetweenRows(layout, found.rowCount);
  let at = 0;
  for (;;) {
    const begin = betweenRows(bytes, at, end, isLast);
    if (begin >= end) return isLast ? end : at;
    if (bytes[begin] !== 123) throw new JsonError(begin, notObject(bytes, begin, layout));
    try {
      const next = scanner.scan(begin);
      if (next - begin > rowBytesMax) throw tooLong(begin);
      found.rowCount++;
      if (next - begin > found.longestRowBytes) found.longestRowBytes = next - begin;
      at = next;
    } catch (error) {
      if (error !== needMore) throw error;
      if (isLast) throw new JsonError(begin, "the object that begins here has no end");
      if (end - begin > rowBytesMax) throw tooLong(begin);
      return at;
    }
  }
}

const tooLong = (at: number) => new JsonError(at, "the object that begins here has more than 32 MiB");

type BetweenRows = (bytes: Uint8Array, at: number, end: number, isLast: boolean) => number;

/** Skips what is between two rows, or throws where that is something else. */
function createBetweenRows(layout: Layout, rowsBefore: number): BetweenRows {
  let isFirst = rowsBefore === 0;
  return (bytes, from, end, isLast) => {
    let at = from;
    let marks = 0;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === 10 && layout === "lines") marks++;
      else if (byte === 44 && layout === "list") marks++;
      else if (!isSpace(byte)) break;
    }
    if (at >= end) {
      if (isLast && layout === "list" && marks > 0)
        throw new JsonError(at, "there is a comma behind the last object");
      return at;
    }
    if (layout === "lines" && marks === 0 && !isFirst)
      throw new JsonError(at, "there is more behind the object of this line");
    if (layout === "list" && marks !== (isFirst ? 0 : 1)) {
      throw new JsonError(at, "there has to be one comma between two objects of the list");
    }
    isFirst = false;
    return at;
  };
}

const kinds: Readonly<Record<string, string>> = {
  "[": "a list",
  '"': "a text",
  t: "true",
  f: "false",
  n: "null",
};

function notObject(bytes: Uint8Array, at: number, layout: Layout): string {
  const begin = String.fromCharCode(bytes[at] ?? 0);
  const found = kinds[begin] ?? (/[-0-9]/.test(begin) ? "a number" : JSON.stringify(begin));
  return `a row has to be an object, and here is ${found}${layout === "list" ? "" : ": one object follows the other"}`;
}

/** Hands over blocks, each with what was left of the one before, until the range's end or a problem. */
async function readBlocks(
  { path, from, to }: JsonRange,
  scan: (bytes: Uint8Array, end: number, isLast: boolean) => number,
): Promise<RangeScan["problem"]> {
  await using file = await open(path);
  const utf8 = createUtf8Check();
  // A zero behind the end stops every loop of the scanner.
  let bytes = Buffer.alloc(blockBytes + 1);
  let kept = 0;
  let position = from;
  for (;;) {
    if (kept > bytes.length / 2) bytes = Buffer.concat([bytes.subarray(0, kept)], 2 * (bytes.length - 1) + 1);
    const room = Math.min(bytes.length - 1 - kept, to - position);
    const { bytesRead } = await file.read(bytes, kept, room, position);
    const invalid = utf8.check(bytes.subarray(kept, kept + bytesRead));
    position += bytesRead;
    const isLast = position >= to || bytesRead === 0;
    const cut = invalid ?? (isLast ? utf8.end() : undefined);
    if (cut !== undefined) return { offset: from + cut, message: undefined };
    const end = kept + bytesRead;
    bytes[end] = 0;
    try {
      const next = scan(bytes, end, isLast);
      if (isLast) return undefined;
      bytes.copyWithin(0, next, end);
      kept = end - next;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return { offset: position - end + error.offset, message: error.message };
    }
  }
}
