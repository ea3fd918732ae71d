import { type SpelledValue, wireBytes } from "./spelled-value.ts";

/** What the rows of one answer may take together, in bytes. */
const resultBytesMax = 3 * 1024 * 1024;

/** The first row alone is larger than an answer may be. */
export class RowTooLargeError extends Error {
  override name = "RowTooLargeError";
  override message = "the first row alone takes more than 3 MiB: select fewer columns, or parts of them";
}

export type BoundedRows = {
  readonly rows: readonly (readonly SpelledValue[])[];
  /** Whether a row was left out. */
  readonly truncated: boolean;
  /** Adds a row unless the answer is full; answers whether it takes more. */
  push(row: readonly SpelledValue[]): boolean;
};

/** Collects rows up to a number and up to the bytes of one answer. */
export function createBoundedRows(maxRows: number): BoundedRows {
  const rows: (readonly SpelledValue[])[] = [];
  let bytes = 0;
  let truncated = false;
  return {
    rows,
    get truncated() {
      return truncated;
    },
    push(row) {
      bytes += wireBytes(row);
      if (rows.length === 0 && bytes > resultBytesMax) throw new RowTooLargeError();
      truncated ||= rows.length >= maxRows || bytes > resultBytesMax;
      if (!truncated) rows.push(row);
      return !truncated;
    },
  };
}
