import { type Presence, setMissing } from "./presence.ts";
import type { RowBatch } from "./row-batch.ts";
import { valueInvalid } from "./rows-invalid.ts";

/** Where the values of a column lie that are there. The next call overwrites the lists. */
export type PresentValues = {
  count: number;
  readonly places: Int32Array;
  readonly sizes: Int32Array;
};

let taken: PresentValues = { count: 0, places: new Int32Array(0), sizes: new Int32Array(0) };

/** Takes the values of a column out of a batch, and notes which of its rows have none. */
export function takePresent(
  presence: Presence,
  { rowCount, rowsMax, places, sizes }: RowBatch,
  first: number,
): PresentValues {
  if (taken.places.length < rowsMax) {
    taken = { count: 0, places: new Int32Array(rowsMax), sizes: new Int32Array(rowsMax) };
  }
  let count = 0;
  for (let row = 0; row < rowCount; row += 1) {
    const size = sizes[first + row] as number;
    if (size < 0) {
      setMissing(presence, presence.rowCount + row);
      continue;
    }
    taken.places[count] = places[first + row] as number;
    taken.sizes[count] = size;
    count += 1;
  }
  presence.rowCount += rowCount;
  taken.count = count;
  return taken;
}

/** As `takePresent`, of a type whose values all have the same width. */
export function takePresentOf(
  name: string,
  bytes: number,
  ...args: Parameters<typeof takePresent>
): PresentValues {
  const present = takePresent(...args);
  const { sizes, count } = present;
  for (let index = 0; index < count; index += 1) {
    if (sizes[index] !== bytes)
      throw valueInvalid(name, `a value has ${sizes[index]} bytes instead of ${bytes}`);
  }
  return present;
}
