import type { Column } from "./column.ts";
import { takeFixedWidth } from "./non-null-values.ts";
import { createRange } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";
import { createValidity, growValidity } from "./validity.ts";

const bytesMin = 128;

/** One bit per value. */
export function createBooleanColumn(name: string): Column {
  const range = createRange<number>({
    isLess: (left, right) => left < right,
    encode: (value) => Uint8Array.of(value),
    format: String,
  });
  let validity = createValidity();
  let bits = new Uint8Array(bytesMin);
  let valueCount = 0;
  let nullCount = 0;

  function grow(rows: number): void {
    growValidity(validity, rows);
    const wanted = (valueCount + rows + 7) >> 3;
    if (wanted <= bits.length) return;
    const grown = new Uint8Array(Math.max(wanted, bits.length * 2));
    grown.set(bits);
    bits = grown;
  }

  return {
    append(batch, first) {
      grow(batch.rowCount);
      const { offsets, count } = takeFixedWidth(name, 1, validity, batch, first);
      let trueCount = 0;
      for (let index = 0; index < count; index += 1) {
        const value = batch.bytes[offsets[index] as number] as number;
        if (value > 1) throw valueInvalid(name, `a boolean is ${value}`);
        bits[valueCount >> 3] = (bits[valueCount >> 3] as number) | (value << (valueCount & 7));
        valueCount += 1;
        trueCount += value;
      }
      if (count > 0) range.include(trueCount === count ? 1 : 0, trueCount > 0 ? 1 : 0);
    },
    get bytes() {
      return valueCount >> 3;
    },
    take() {
      const { rowCount, present } = validity;
      const part = { bytes: bits.subarray(0, (valueCount + 7) >> 3), rowCount, isDictionaryEncoded: false };
      const taken = { parts: [part], dictionary: undefined, rowCount, present, ...range.takeGroup() };
      const values = { ...taken, nullCount: validity.nullCount };
      nullCount += validity.nullCount;
      validity = createValidity(validity);
      bits = new Uint8Array(bits.length);
      valueCount = 0;
      return values;
    },
    stats: () => ({ name, nullCount, ...range.texts() }),
  };
}
