import { createByteStore } from "./byte-store.ts";

/** Distinct values per row group; a larger dictionary does not pay off. */
const entriesMax = 32 * 1024;
const bytesMax = 1024 * 1024;
const slotsMin = 256;

/** The distinct values of a column, numbered in order of appearance. */
export type ValueDictionary = {
  /** Returns the number of a value, or -1 when the dictionary is full. */
  indexOf(bytes: Buffer, at: number, size: number): number;
  readonly count: number;
  take(): Buffer;
};

/** `onNew` gets each distinct value once; `isAscii` is only set when that is known. */
export function createDictionary(
  onNew: (bytes: Buffer, at: number, size: number, isAscii: boolean) => void,
): ValueDictionary {
  const store = createByteStore();
  /** Value numbers plus one; 0 marks a free slot. */
  let table = new Int32Array(slotsMin);
  let ends = new Int32Array(slotsMin / 2);
  let hashes = new Int32Array(slotsMin / 2);
  let count = 0;

  function isSame(index: number, bytes: Buffer, at: number, size: number): boolean {
    const begin = (index === 0 ? 0 : (ends[index - 1] as number)) + 4;
    if ((ends[index] as number) - begin !== size) return false;
    const stored = store.bytes;
    for (let offset = 0; offset < size; offset += 1) {
      if (stored[begin + offset] !== bytes[at + offset]) return false;
    }
    return true;
  }

  /** Keeps at least half of the slots free. */
  function grow(): void {
    table = new Int32Array(table.length * 2);
    [ends, hashes] = [ends, hashes].map((list) => {
      const grown = new Int32Array(list.length * 2);
      grown.set(list);
      return grown;
    }) as [Int32Array<ArrayBuffer>, Int32Array<ArrayBuffer>];
    for (let index = 0; index < count; index += 1) {
      let slot = (hashes[index] as number) & (table.length - 1);
      while (table[slot] !== 0) slot = (slot + 1) & (table.length - 1);
      table[slot] = index + 1;
    }
  }

  function add(hash: number, slot: number, bytes: Buffer, at: number, size: number): number {
    if (count === entriesMax || store.length + 4 + size > bytesMax) return -1;
    const isAscii = store.push(bytes, at, size);
    onNew(bytes, at, size, isAscii);
    ends[count] = store.length;
    hashes[count] = hash;
    count += 1;
    table[slot] = count;
    if (count === ends.length) grow();
    return count - 1;
  }

  return {
    indexOf(bytes, at, size) {
      const hash = hashOf(bytes, at, size);
      const mask = table.length - 1;
      let slot = hash & mask;
      for (;;) {
        const found = (table[slot] as number) - 1;
        if (found < 0) return add(hash, slot, bytes, at, size);
        if (hashes[found] === hash && isSame(found, bytes, at, size)) return found;
        slot = (slot + 1) & mask;
      }
    },
    get count() {
      return count;
    },
    take: () => store.take(),
  };
}

/** Approximate number of bytes that are hashed; comparison uses all of them. */
const hashedBytesMax = 64;

/** FNV-1a with a final mix. */
function hashOf(bytes: Buffer, at: number, size: number): number {
  let value = 0x811c_9dc5 ^ size;
  const step = size <= hashedBytesMax ? 1 : Math.ceil(size / hashedBytesMax);
  for (let offset = 0; offset < size; offset += step) {
    value = Math.imul(value ^ (bytes[at + offset] as number), 0x0100_0193);
  }
  value = Math.imul(value ^ (value >>> 15), 0x2c1b_3c6d);
  return value ^ (value >>> 12);
}
