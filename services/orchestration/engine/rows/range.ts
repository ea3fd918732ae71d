/** Minimum and maximum of a column: of the current row group and of the file. */
export type Range<T> = {
  include(low: T, high: T): void;
  /** Returns the encoded bounds of the row group and starts the next one. */
  takeGroup(): { min: Uint8Array | undefined; max: Uint8Array | undefined };
  /** The bounds of the file as text. */
  texts(): { min: string | undefined; max: string | undefined };
};

type Bounds<T> = { readonly low: T; readonly high: T };

export type RangeOptions<T> = {
  readonly isLess: (left: T, right: T) => boolean;
  /** Undefined for values that are too long for a statistic. */
  readonly encode: (value: T, bound: "low" | "high") => Uint8Array | undefined;
  readonly format: (value: T) => string | undefined;
};

export function createRange<T>({ isLess, encode, format }: RangeOptions<T>): Range<T> {
  let group: Bounds<T> | undefined;
  let file: Bounds<T> | undefined;

  const widen = (bounds: Bounds<T> | undefined, low: T, high: T): Bounds<T> =>
    bounds === undefined
      ? { low, high }
      : {
          low: isLess(low, bounds.low) ? low : bounds.low,
          high: isLess(bounds.high, high) ? high : bounds.high,
        };

  return {
    include(low, high) {
      group = widen(group, low, high);
      file = widen(file, low, high);
    },
    takeGroup() {
      const bounds = group;
      group = undefined;
      return { min: bounds && encode(bounds.low, "low"), max: bounds && encode(bounds.high, "high") };
    },
    texts: () => ({ min: file && format(file.low), max: file && format(file.high) }),
  };
}
