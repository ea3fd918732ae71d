import { createKernel, type Kernel } from "./kernel.ts";
import type { ScanOptions } from "./scan-options.ts";
import type { Tally } from "./tally.ts";

/** A row that can't be read; its line counts from 0 at the first row of the scan. */
export type BadRow = { readonly line: number; readonly message: string };

export type BlockScan = {
  /** What was counted so far. */
  tally(): Tally;
  badRow(): BadRow | undefined;
  lineCount(): number;
  /** Room for a block; another one after `grow`. */
  bytes(): Uint8Array;
  /** Makes room for twice as much; what is in it stays. */
  grow(): void;
  /**
   * Scans the rows of the block that begin before `limit` and end before `to`, and answers where the first one begins that
   * does not, or that is bad.
   */
  scan(to: number, limit: number, isEnd: boolean): number;
};

const problems = {
  otherFields: 1,
  openQuote: 2,
  behindQuote: 3,
} as const;

/** Counts the forms of all values of a CSV, block after block. */
export function createBlockScan(options: ScanOptions): BlockScan {
  const kernel = createKernel(options);
  return {
    tally: () => kernel.tally(),
    badRow: () => badRowOf(kernel, options.columnCount),
    lineCount: () => kernel.lineCount(),
    bytes: () => kernel.block(),
    grow: () => kernel.grow(),
    scan: (to, limit, isEnd) => kernel.scan(to, limit, isEnd),
  };
}

function badRowOf(kernel: Kernel, columnCount: number): BadRow | undefined {
  const line = kernel.lineCount();
  switch (kernel.problem()) {
    case problems.otherFields:
      return { line, message: describeCount(kernel.fieldCount(), columnCount) };
    case problems.openQuote:
      return { line, message: "a quote is opened and not closed" };
    case problems.behindQuote:
      return { line, message: "text stands behind a closing quote" };
    default:
      return undefined;
  }
}

export const describeCount = (found: number, expected: number): string =>
  `it has ${found} ${found === 1 ? "field" : "fields"} where the first line has ${expected}`;
