import { type EncodedValue, wireBytes } from "./encoded-value.ts";

/** Size limit of the rows of one response, in bytes. */
const resultBytesMax = 3 * 1024 * 1024;

/** The first row alone exceeds the limit of a response. */
export class RowTooLargeError extends Error {
  override name = "RowTooLargeError";
  override message = "the first row alone takes more than 3 MiB: select fewer columns, or parts of them";
}

export type BoundedRows = {
  readonly rows: readonly (readonly EncodedValue[])[];
  /** Whether a row was dropped. */
  readonly truncated: boolean;
  /** Adds a row if it fits. Returns false when the response is full. */
  push(row: readonly EncodedValue[]): boolean;
};

/** Collects rows up to `maxRows` and up to the size limit of a response. */
export function createBoundedRows(maxRows: number): BoundedRows {
  const rows: (readonly EncodedValue[])[] = [];
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
