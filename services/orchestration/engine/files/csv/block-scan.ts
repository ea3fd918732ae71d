import { compile } from "./automaton.ts";
import { BadRowError } from "./bad-row.ts";
import { formsOf, type NumberMarks } from "./forms.ts";
import { cr, createRowReader, crlf, emptyText, missing, type PlainDialect } from "./row-reader.ts";
import { createTally, type Tally } from "./tally.ts";
import { createValueCheck } from "./value-check.ts";

/** What is scanned for: plain, so that a worker can be told. */
export type ScanOptions = {
  readonly dialect: PlainDialect;
  readonly columnCount: number;
  readonly marks: NumberMarks;
};

/** A row that can't be read; its line counts from 0 at the first row of the scan. */
export type BadRow = { readonly line: number; readonly message: string };

export type BlockScan = {
  readonly tally: Tally;
  readonly badRow: BadRow | undefined;
  /**
   * Scans the rows that begin before `limit` and end before `to`, and answers where the first one begins that does not, or
   * that is bad. `bytes` has room for one more byte than `to`.
   */
  scan(bytes: Uint8Array, to: number, limit: number, isEnd: boolean): number;
};

/** Longest beginning of a value that is shown to people, in bytes. */
const exampleBytesMax = 60;

/** Counts the forms of all values of a CSV, block after block. */
export function createBlockScan({ dialect, columnCount, marks }: ScanOptions): BlockScan {
  const forms = formsOf(marks);
  const automaton = compile(forms.map(({ pattern }) => pattern));
  const { accepted } = automaton;
  const stride = automaton.stride + 1;
  const reader = createRowReader(dialect, automaton, columnCount);
  const { starts, ends, states } = reader;
  const tally = createTally(columnCount, forms);
  const { counts, nullCounts, emptyCounts, newlines, examples } = tally;
  const formCount = forms.length;
  const check = createValueCheck(tally, forms, marks.decimal.charCodeAt(0));
  let badRow: BadRow | undefined;

  function countRow(bytes: Uint8Array): void {
    for (let column = 0; column < columnCount; column += 1) {
      const state = states[column] as number;
      if (state === missing) {
        nullCounts[column] = (nullCounts[column] as number) + 1;
        continue;
      }
      if (state === emptyText) {
        emptyCounts[column] = (emptyCounts[column] as number) + 1;
        continue;
      }
      const from = starts[column] as number;
      const to = ends[column] as number;
      const form = check(bytes, column, from, to, accepted[state / stride] as number);
      const at = column * formCount + form;
      const before = counts[at] as number;
      counts[at] = before + 1;
      if (before === 0) examples.set(at, { line: tally.lineCount, text: exampleOf(bytes, from, to) });
    }
  }

  /** Answers whether the row that was read last is one without anything, which says nothing of a CSV of several columns. */
  const isBlank = (): boolean => columnCount > 1 && reader.fieldCount === 1 && states[0] === missing;

  function takeRow(bytes: Uint8Array, rowBytes: number): void {
    if (isBlank()) tally.blankLineCount += 1;
    else if (reader.fieldCount === columnCount) {
      countRow(bytes);
      tally.rowCount += 1;
    } else throw new BadRowError(describeCount(reader.fieldCount, columnCount));
    tally.bareQuoteCount += reader.bareQuoteCount;
    if (rowBytes > tally.rowBytesMax) tally.rowBytesMax = rowBytes;
    tally.lineCount += reader.lineCount;
    if (reader.newline === crlf) newlines.crlf += 1;
    else if (reader.newline === cr) newlines.cr += 1;
    else if (reader.newline !== 0) newlines.lf += 1;
  }

  return {
    tally,
    get badRow() {
      return badRow;
    },
    scan(bytes, to, limit, isEnd) {
      let at = 0;
      const last = Math.min(to, limit);
      try {
        while (at < last) {
          const next = reader.read(bytes, at, to, isEnd);
          if (next < 0) return at;
          takeRow(bytes, next - at);
          at = next;
        }
      } catch (error) {
        if (!(error instanceof BadRowError)) throw error;
        badRow = { line: tally.lineCount, message: error.message };
      }
      return at;
    },
  };
}

const describeCount = (found: number, expected: number): string =>
  `it has ${found} ${found === 1 ? "field" : "fields"} where the first line has ${expected}`;

function exampleOf(bytes: Uint8Array, from: number, to: number): string {
  const end = Math.min(to, from + exampleBytesMax);
  // A character that is cut becomes the replacement character, which is left out.
  const text = Buffer.from(bytes.subarray(from, end))
    .toString()
    .replace(/\uFFFD+$/, "");
  return end < to ? `${text}…` : text;
}
