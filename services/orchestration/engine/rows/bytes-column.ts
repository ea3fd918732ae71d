import { isUtf8 } from "node:buffer";
import { type ColumnValues, statisticBytesMax, type ValuesPart } from "../parquet/column-values.ts";
import { createByteStore } from "./byte-store.ts";
import type { Column } from "./column.ts";
import { createDictionary, type ValueDictionary } from "./dictionary.ts";
import { takeNonNull } from "./non-null-values.ts";
import { packIndices } from "./pack-indices.ts";
import { createRange, type Range } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";
import { createValidity, growValidity, rowOfValue } from "./validity.ts";

const indicesMin = 1024;

export const createTextColumn = (name: string): Column => createColumn(name, true);
export const createBlobColumn = (name: string): Column => createColumn(name, false);

/** Values of variable length, dictionary-encoded while few of them differ. */
function createColumn(name: string, isText: boolean): Column {
  const range = createRange<Buffer>({
    isLess: (left, right) => left.compare(right) < 0,
    encode: (value) => (value.length > statisticBytesMax ? undefined : value),
    // Statistics of BLOBs are not text.
    format: (value) => (isText && value.length <= statisticBytesMax ? value.toString() : undefined),
  });
  const bounds = createByteBounds();
  let validity = createValidity();
  const plain = createByteStore();
  let nullCount = 0;
  let dictionary: ValueDictionary | undefined = createDictionary(inspect);
  let isDictionaryFull = false;
  let indices = new Uint16Array(indicesMin);
  let indexCount = 0;

  function inspect(bytes: Buffer, at: number, size: number, isAscii: boolean): void {
    if (isText && !isAscii && !isUtf8(bytes.subarray(at, at + size))) {
      throw valueInvalid(name, "a text is not valid UTF-8");
    }
    bounds.include(bytes, at, size);
  }

  function pushIndex(index: number): void {
    if (indexCount === indices.length) {
      const grown = new Uint16Array(indices.length * 2);
      grown.set(indices);
      indices = grown;
    }
    indices[indexCount] = index;
    indexCount += 1;
  }

  function push(bytes: Buffer, at: number, size: number): void {
    const index = isDictionaryFull || !dictionary ? -1 : dictionary.indexOf(bytes, at, size);
    if (index >= 0) {
      pushIndex(index);
      return;
    }
    isDictionaryFull = true;
    inspect(bytes, at, size, plain.push(bytes, at, size));
  }

  function takeParts(): ValuesPart[] {
    const { rowCount } = validity;
    if (!dictionary || indexCount === 0)
      return [{ bytes: plain.take(), rowCount, isDictionaryEncoded: false }];
    const bytes = packIndices(indices, indexCount, dictionary.count);
    const indexedRows = isDictionaryFull ? rowOfValue(validity, indexCount) : rowCount;
    const indexed = { bytes, rowCount: indexedRows, isDictionaryEncoded: true };
    if (!isDictionaryFull) return [indexed];
    return [indexed, { bytes: plain.take(), rowCount: rowCount - indexedRows, isDictionaryEncoded: false }];
  }

  function startGroup(): void {
    validity = createValidity(validity);
    // A column that filled its dictionary is likely to do so in the next row group.
    dictionary = dictionary && !isDictionaryFull ? createDictionary(inspect) : undefined;
    isDictionaryFull = false;
    indexCount = 0;
  }

  return {
    append(batch, first) {
      growValidity(validity, batch.rowCount);
      const { offsets, sizes, count } = takeNonNull(validity, batch, first);
      for (let index = 0; index < count; index += 1) {
        push(batch.bytes, offsets[index] as number, sizes[index] as number);
      }
    },
    get bytes() {
      return plain.length + 2 * indexCount;
    },
    take(): ColumnValues {
      bounds.moveTo(range);
      const { rowCount, present } = validity;
      const values = {
        parts: takeParts(),
        dictionary:
          dictionary && indexCount > 0 ? { bytes: dictionary.take(), count: dictionary.count } : undefined,
        rowCount,
        nullCount: validity.nullCount,
        present,
        ...range.takeGroup(),
      };
      nullCount += validity.nullCount;
      startGroup();
      return values;
    },
    stats: () => ({ name, nullCount, ...range.texts() }),
  };
}

/** Minimum and maximum by bytes. Few candidates have to be copied. */
function createByteBounds() {
  let low: Buffer | undefined;
  let high: Buffer | undefined;
  return {
    include(bytes: Buffer, at: number, size: number): void {
      if (low === undefined || compare(bytes, at, size, low) < 0)
        low = Buffer.from(bytes.subarray(at, at + size));
      if (high === undefined || compare(bytes, at, size, high) > 0) {
        high = Buffer.from(bytes.subarray(at, at + size));
      }
    },
    moveTo(range: Range<Buffer>): void {
      if (low && high) range.include(low, high);
      low = undefined;
      high = undefined;
    },
  };
}

function compare(bytes: Buffer, at: number, size: number, other: Buffer): number {
  const shared = Math.min(size, other.length);
  for (let offset = 0; offset < shared; offset += 1) {
    const difference = (bytes[at + offset] as number) - (other[offset] as number);
    if (difference !== 0) return difference;
  }
  return size - other.length;
}
