import type { Column } from "./column.ts";
import { createFixedValues, growFixed, toValues } from "./fixed-values.ts";
import { type PresentValues, takePresent, takePresentOf } from "./present-values.ts";
import type { Range } from "./range.ts";

/** Decodes values into words, the first of them at `at`. */
export type Decode = (words: Int32Array, at: number, view: DataView, values: PresentValues) => void;

export type FixedColumnOptions<T> = {
  readonly name: string;
  /** Of a value as it comes; undefined where they differ. */
  readonly bytes: number | undefined;
  /** Of a value in the file, four bytes each. */
  readonly words: number;
  readonly range: Range<T>;
  readonly decode: Decode;
};

/** A column whose values all have the same width in the file. */
export function createFixedColumn<T>(options: FixedColumnOptions<T>): Column {
  const { name, bytes, words: width, range, decode } = options;
  let values = createFixedValues(width);
  let nullCount = 0;
  return {
    append(batch, first) {
      growFixed(values, width, batch.rowCount);
      const present =
        bytes === undefined
          ? takePresent(values, batch, first)
          : takePresentOf(name, bytes, values, batch, first);
      decode(values.words, values.valueCount * width, batch.view, present);
      values.valueCount += present.count;
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
