import { isUtf8 } from "node:buffer";
import { statisticBytesMax, type Values, type ValuesPart } from "../parquet/column-values.ts";
import { createByteStore } from "./byte-store.ts";
import type { Column } from "./column.ts";
import { createDictionary, type ValueDictionary } from "./dictionary.ts";
import { packIndices } from "./pack-indices.ts";
import { createPresence, growPresence, rowOfValue } from "./presence.ts";
import { takePresent } from "./present-values.ts";
import { createRange, type Range } from "./range.ts";
import { valueInvalid } from "./rows-invalid.ts";

const indicesMin = 1024;

export const createTextColumn = (name: string): Column => createColumn(name, true);
export const createBlobColumn = (name: string): Column => createColumn(name, false);

/** Values of any length: by a dictionary as long as few of them differ. */
function createColumn(name: string, isText: boolean): Column {
  const range = createRange<Buffer>({
    isLess: (left, right) => left.compare(right) < 0,
    encode: (value) => (value.length > statisticBytesMax ? undefined : value),
    // Of bytes nobody could read it.
    format: (value) => (isText && value.length <= statisticBytesMax ? value.toString() : undefined),
  });
  const bounds = createByteBounds();
  let presence = createPresence();
  const plain = createByteStore();
  let nullCount = 0;
  let dictionary: ValueDictionary | undefined = createDictionary(see);
  let isDictionaryFull = false;
  let indices = new Uint16Array(indicesMin);
  let indexCount = 0;

  function see(bytes: Buffer, at: number, size: number, isAscii: boolean): void {
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
    see(bytes, at, size, plain.push(bytes, at, size));
  }

  function takeParts(): ValuesPart[] {
    const { rowCount } = presence;
    if (!dictionary || indexCount === 0) return [{ bytes: plain.take(), rowCount, isByDictionary: false }];
    const bytes = packIndices(indices, indexCount, dictionary.count);
    const indexedRows = isDictionaryFull ? rowOfValue(presence, indexCount) : rowCount;
    const indexed = { bytes, rowCount: indexedRows, isByDictionary: true };
    if (!isDictionaryFull) return [indexed];
    return [indexed, { bytes: plain.take(), rowCount: rowCount - indexedRows, isByDictionary: false }];
  }

  function begin(): void {
    presence = createPresence(presence);
    // A column whose values differ a lot does so in its next row group, too.
    dictionary = dictionary && !isDictionaryFull ? createDictionary(see) : undefined;
    isDictionaryFull = false;
    indexCount = 0;
  }

  return {
    append(batch, first) {
      growPresence(presence, batch.rowCount);
      const { places, sizes, count } = takePresent(presence, batch, first);
      for (let index = 0; index < count; index += 1) {
        push(batch.bytes, places[index] as number, sizes[index] as number);
      }
    },
    get bytes() {
      return plain.length + 2 * indexCount;
    },
    take(): Values {
      bounds.moveTo(range);
      const { rowCount, present } = presence;
      const values = {
        parts: takeParts(),
        dictionary:
          dictionary && indexCount > 0 ? { bytes: dictionary.take(), count: dictionary.count } : undefined,
        rowCount,
        nullCount: presence.nullCount,
        present,
        ...range.takeGroup(),
      };
      nullCount += presence.nullCount;
      begin();
      return values;
    },
    stats: () => ({ name, nullCount, ...range.texts() }),
  };
}

/** The first and the last of some values by their bytes, of which few have to be copied. */
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
