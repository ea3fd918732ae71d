import type { Column } from "./column.ts";
import { createFixedColumn, type Decode } from "./fixed-column.ts";
import { createRange, type Range } from "./range.ts";

const uuidWords = 4;
const uuidBytes = 4 * uuidWords;

/** Values of 16 bytes, unchanged. */
export function createUuidColumn(name: string): Column {
  const range = createRange<Buffer>({
    isLess: (left, right) => left.compare(right) < 0,
    encode: (value) => value,
    format: formatUuid,
  });
  const decode: Decode = (words, at, view, { offsets, count }) => {
    const target = new DataView(words.buffer, at * 4);
    for (let index = 0; index < count; index += 1) {
      const source = offsets[index] as number;
      for (let offset = 0; offset < uuidBytes; offset += 4) {
        target.setInt32(index * uuidBytes + offset, view.getInt32(source + offset));
      }
    }
    includeAll(range, Buffer.from(words.buffer, at * 4, count * uuidBytes));
  };
  return createFixedColumn({ name, bytes: uuidBytes, words: uuidWords, range, decode });
}

function includeAll(range: Range<Buffer>, values: Buffer): void {
  if (values.length === 0) return;
  let [low, high] = [0, 0];
  for (let at = uuidBytes; at < values.length; at += uuidBytes) {
    if (isLess(values, at, low)) low = at;
    else if (isLess(values, high, at)) high = at;
  }
  const valueAt = (at: number) => Buffer.from(values.subarray(at, at + uuidBytes));
  range.include(valueAt(low), valueAt(high));
}

function isLess(values: Buffer, left: number, right: number): boolean {
  for (let offset = 0; offset < uuidBytes; offset += 1) {
    const difference = (values[left + offset] as number) - (values[right + offset] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const formatUuid = (value: Buffer): string =>
  value
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, (_, ...parts) => `${parts.slice(0, 4).join("-")}-`);
