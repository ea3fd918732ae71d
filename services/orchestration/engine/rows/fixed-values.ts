import type { Values } from "../parquet/column-values.ts";
import { createPresence, growPresence, type Presence } from "./presence.ts";
import type { Range } from "./range.ts";

/** Values of one width, encoded as Parquet's PLAIN does: little-endian, without the missing ones. */
export type FixedValues = Presence & {
  valueCount: number;
  /** Little-endian words, as this process has them. */
  words: Int32Array;
};

const valuesMin = 1024;

/** With as much room as the row group before took. */
export const createFixedValues = (wordsOfValue: number, before?: FixedValues): FixedValues => ({
  ...createPresence(before),
  valueCount: 0,
  words: new Int32Array(before?.words.length ?? valuesMin * wordsOfValue),
});

/** Makes room for the values of more rows. */
export function growFixed(values: FixedValues, wordsOfValue: number, rows: number): void {
  growPresence(values, rows);
  const wanted = (values.valueCount + rows) * wordsOfValue;
  if (wanted <= values.words.length) return;
  const grown = new Int32Array(Math.max(wanted, values.words.length * 2));
  grown.set(values.words);
  values.words = grown;
}

export function toValues<T>(values: FixedValues, wordsOfValue: number, range: Range<T>): Values {
  const { words, valueCount, rowCount, nullCount, present } = values;
  const bytes = new Uint8Array(words.buffer, 0, valueCount * wordsOfValue * 4);
  const parts = [{ bytes, rowCount, isByDictionary: false }];
  return { parts, dictionary: undefined, rowCount, nullCount, present, ...range.takeGroup() };
}
