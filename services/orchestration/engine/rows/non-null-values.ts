import type { RowBatch } from "./row-batch.ts";
import { valueInvalid } from "./rows-invalid.ts";
import { setNull, type Validity } from "./validity.ts";

/** Offsets and sizes of the non-null values of a column. The next call overwrites the lists. */
export type NonNullValues = {
  count: number;
  readonly offsets: Int32Array;
  readonly sizes: Int32Array;
};

let taken: NonNullValues = { count: 0, offsets: new Int32Array(0), sizes: new Int32Array(0) };

/** Collects the non-null values of a column of a batch and records its nulls. */
export function takeNonNull(
  validity: Validity,
  { rowCount, rowsMax, offsets, sizes }: RowBatch,
  first: number,
): NonNullValues {
  if (taken.offsets.length < rowsMax) {
    taken = { count: 0, offsets: new Int32Array(rowsMax), sizes: new Int32Array(rowsMax) };
  }
  let count = 0;
  for (let row = 0; row < rowCount; row += 1) {
    const size = sizes[first + row] as number;
    if (size < 0) {
      setNull(validity, validity.rowCount + row);
      continue;
    }
    taken.offsets[count] = offsets[first + row] as number;
    taken.sizes[count] = size;
    count += 1;
  }
  validity.rowCount += rowCount;
  taken.count = count;
  return taken;
}

/** takeNonNull for values of fixed width. */
export function takeFixedWidth(
  name: string,
  bytes: number,
  ...args: Parameters<typeof takeNonNull>
): NonNullValues {
  const nonNull = takeNonNull(...args);
  const { sizes, count } = nonNull;
  for (let index = 0; index < count; index += 1) {
    if (sizes[index] !== bytes)
      throw valueInvalid(name, `a value has ${sizes[index]} bytes instead of ${bytes}`);
  }
  return nonNull;
}
