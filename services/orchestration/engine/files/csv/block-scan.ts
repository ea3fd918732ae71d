import { createKernel, type Kernel } from "./kernel.ts";
import type { ScanOptions } from "./scan-options.ts";
import type { Tally } from "./tally.ts";

/** An unreadable row; lines count from 0 at the first row of the scan. */
export type BadRow = { readonly line: number; readonly message: string };

export type BlockScan = {
  /** The counts so far. */
  tally(): Tally;
  badRow(): BadRow | undefined;
  lineCount(): number;
  /** The buffer for a block; `grow` replaces it. */
  bytes(): Uint8Array;
  /** Doubles the buffer and keeps its content. */
  grow(): void;
  /**
   * Scans the rows that start before `limit` and end before `to`. Returns the offset of the first row that does not, or that
   * is bad.
   */
  scan(to: number, limit: number, isEnd: boolean): number;
};

const problems = {
  fieldCount: 1,
  unclosedQuote: 2,
  textAfterQuote: 3,
} as const;

/** Counts the forms of all values of a CSV block by block. */
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
    case problems.fieldCount:
      return { line, message: describeCount(kernel.fieldCount(), columnCount) };
    case problems.unclosedQuote:
      return { line, message: "a quote is opened and not closed" };
    case problems.textAfterQuote:
      return { line, message: "text stands behind a closing quote" };
    default:
      return undefined;
  }
}

export const describeCount = (found: number, expected: number): string =>
  `it has ${found} ${found === 1 ? "field" : "fields"} where the first line has ${expected}`;
