import type { Column } from "./column.ts";
import { createFixedValues, growFixed, toValues } from "./fixed-values.ts";
import { type NonNullValues, takeFixedWidth, takeNonNull } from "./non-null-values.ts";
import type { Range } from "./range.ts";

/** Decodes values into `words` from index `at`. */
export type Decode = (words: Int32Array, at: number, view: DataView, values: NonNullValues) => void;

export type FixedColumnOptions<T> = {
  readonly name: string;
  /** Size of an incoming value; undefined if it varies. */
  readonly bytes: number | undefined;
  /** Size of a value in the file, in words of four bytes. */
  readonly words: number;
  readonly range: Range<T>;
  readonly decode: Decode;
};

/** A column with values of fixed width in the file. */
export function createFixedColumn<T>(options: FixedColumnOptions<T>): Column {
  const { name, bytes, words: width, range, decode } = options;
  let values = createFixedValues(width);
  let nullCount = 0;
  return {
    append(batch, first) {
      growFixed(values, width, batch.rowCount);
      const nonNull =
        bytes === undefined
          ? takeNonNull(values, batch, first)
          : takeFixedWidth(name, bytes, values, batch, first);
      decode(values.words, values.valueCount * width, batch.view, nonNull);
      values.valueCount += nonNull.count;
    },
    get bytes() {
      return values.valueCount * width * 4;
    },
    take() {
      const taken = toValues(values, width, range);
      nullCount += values.nullCount;
      values = createFixedValues(width, values);
      return taken;
    },
    stats: () => ({ name, nullCount, ...range.texts() }),
  };
}
