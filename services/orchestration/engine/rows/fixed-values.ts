import type { ColumnValues } from "../parquet/column-values.ts";
import type { Range } from "./range.ts";
import { createValidity, growValidity, type Validity } from "./validity.ts";

/** Fixed-width values in Parquet's PLAIN encoding: little-endian, without nulls. */
export type FixedValues = Validity & {
  valueCount: number;
  /** Words in the byte order of the platform, which is little-endian. */
  words: Int32Array;
};

const valuesMin = 1024;

/** Starts with the capacity that the previous row group needed. */
export const createFixedValues = (wordsOfValue: number, previous?: FixedValues): FixedValues => ({
  ...createValidity(previous),
  valueCount: 0,
  words: new Int32Array(previous?.words.length ?? valuesMin * wordsOfValue),
});

export function growFixed(values: FixedValues, wordsOfValue: number, rows: number): void {
  growValidity(values, rows);
  const wanted = (values.valueCount + rows) * wordsOfValue;
  if (wanted <= values.words.length) return;
  const grown = new Int32Array(Math.max(wanted, values.words.length * 2));
  grown.set(values.words);
  values.words = grown;
}

export function toValues<T>(values: FixedValues, wordsOfValue: number, range: Range<T>): ColumnValues {
  const { words, valueCount, rowCount, nullCount, present } = values;
  const bytes = new Uint8Array(words.buffer, 0, valueCount * wordsOfValue * 4);
  const parts = [{ bytes, rowCount, isDictionaryEncoded: false }];
  return { parts, dictionary: undefined, rowCount, nullCount, present, ...range.takeGroup() };
}
