import type { Column } from "./column.ts";
import { createFixedColumn, type Decode } from "./fixed-column.ts";
import { createRange, type Range } from "./range.ts";

export function createRealColumn(name: string): Column {
  const range = createFloatRange(
    (value) => new Uint8Array(Float32Array.of(value).buffer),
    (value) => formatFloat(shortestFloat(value)),
  );
  const decode: Decode = (words, at, view, { offsets, count }) => {
    for (let index = 0; index < count; index += 1)
      words[at + index] = view.getInt32(offsets[index] as number);
    includeNumbers(range, new Float32Array(words.buffer, at * 4, count));
  };
  return createFixedColumn({ name, bytes: 4, words: 1, range, decode });
}

export function createDoubleColumn(name: string): Column {
  const range = createFloatRange((value) => new Uint8Array(Float64Array.of(value).buffer), formatFloat);
  const decode: Decode = (words, at, view, { offsets, count }) => {
    for (let index = 0; index < count; index += 1) {
      const offset = offsets[index] as number;
      words[at + 2 * index] = view.getInt32(offset + 4);
      words[at + 2 * index + 1] = view.getInt32(offset);
    }
    includeNumbers(range, new Float64Array(words.buffer, at * 4, count));
  };
  return createFixedColumn({ name, bytes: 8, words: 2, range, decode });
}

/** NaN is excluded from the statistics. */
function includeNumbers(range: Range<number>, values: Float32Array | Float64Array): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low <= high) range.include(low, high);
}

/** Parquet requires that a zero minimum is -0 and a zero maximum is +0. */
const createFloatRange = (encode: (value: number) => Uint8Array, format: (value: number) => string) =>
  createRange<number>({
    isLess: (left, right) => left < right,
    encode: (value, bound) => encode(value === 0 ? zeroOf(bound) : value),
    format,
  });

const zeroOf = (bound: "low" | "high"): number => (bound === "low" ? -0 : 0);

function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}

/** Rounds to the fewest digits that identify a 32-bit float. */
function shortestFloat(value: number): number {
  const digits = [6, 7, 8, 9].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits === undefined ? value : Number(value.toPrecision(digits));
}
