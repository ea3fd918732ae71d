import { encodeVarint } from "../parquet/thrift/encode.ts";

/**
 * Encodes dictionary indices as Parquet's RLE_DICTIONARY: the bit width, then one bit-packed run, padded to a multiple of
 * eight.
 */
export function packIndices(indices: Uint16Array, count: number, entryCount: number): Uint8Array {
  const width = entryCount <= 1 ? 1 : 32 - Math.clz32(entryCount - 1);
  const groups = Math.ceil(count / 8);
  const header = [width, ...encodeVarint((groups << 1) | 1)];
  const bytes = new Uint8Array(header.length + groups * width);
  bytes.set(header);
  let at = header.length;
  let pending = 0;
  let pendingBits = 0;
  for (let index = 0; index < count; index += 1) {
    pending |= (indices[index] as number) << pendingBits;
    pendingBits += width;
    while (pendingBits >= 8) {
      bytes[at] = pending;
      at += 1;
      pending >>>= 8;
      pendingBits -= 8;
    }
  }
  if (pendingBits > 0) bytes[at] = pending;
  return bytes;
}
