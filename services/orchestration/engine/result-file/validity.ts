import type { DuckDBVector } from "@duckdb/node-api";
import { createByteBuffer } from "./byte-buffer.ts";
import { validityBits } from "./vector-data.ts";

/** Builds a validity bitmap. */
export type ValidityBuilder = {
  length(): number;
  /** Appends the validity of a range of a vector. */
  append(vector: DuckDBVector, from: number, count: number): void;
  appendEach(count: number, isSet: (index: number) => boolean): void;
  drain(): { length: number; nullCount: number; validity: Uint8Array };
  drainBits(): Uint8Array;
};

export function createValidity(): ValidityBuilder {
  const buffer = createByteBuffer();
  let length = 0;
  let nullCount = 0;
  // Bits of an incomplete byte.
  let open = 0;

  function push(isSet: boolean): void {
    const bit = length & 7;
    if (isSet) open |= 1 << bit;
    else nullCount += 1;
    length += 1;
    if (bit === 7) flush();
  }

  function flush(): void {
    buffer.extend(1)[0] = open;
    open = 0;
  }

  function appendEach(count: number, isSet: (index: number) => boolean): void {
    for (let index = 0; index < count; index += 1) push(isSet(index));
  }

  /** Appends whole bytes if the bitmap is byte-aligned; returns the number of bits. */
  function appendBytes(count: number, byteAt: (index: number) => number): number {
    if ((length & 7) !== 0) return 0;
    const bytes = count >> 3;
    const target = buffer.extend(bytes);
    for (let index = 0; index < bytes; index += 1) {
      const byte = byteAt(index);
      target[index] = byte;
      if (byte !== 0xff) nullCount += 8 - countBits(byte);
    }
    length += bytes * 8;
    return bytes * 8;
  }

  function drainBits(): Uint8Array {
    if ((length & 7) !== 0) flush();
    const bits = buffer.drain();
    length = 0;
    nullCount = 0;
    return bits;
  }

  return {
    length: () => length,
    appendEach,
    append(vector, from, count) {
      const validity = validityBits(vector);
      const { bits, offset } = validity ?? { bits: undefined, offset: 0 };
      const start = offset + from;
      const isByte = !bits || (start & 7) === 0;
      const done = isByte ? appendBytes(count, (index) => bits?.[(start >> 3) + index] ?? 0xff) : 0;
      appendEach(count - done, (index) => {
        const bit = start + done + index;
        return !bits || ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
      });
    },
    drain() {
      const all = { length, nullCount };
      const validity = drainBits();
      // Arrow reads an empty bitmap as all valid.
      return { ...all, validity: all.nullCount === 0 ? new Uint8Array(0) : validity };
    },
    drainBits,
  };
}

function countBits(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
