import { encodeVarint } from "../parquet/thrift/encode.ts";

/**
 * Encodes numbers of a dictionary's entries as Parquet's RLE_DICTIONARY does: their width in bits, then one run of all of
 * them, packed from the lowest bit on and filled up to a multiple of eight.
 */
export function packIndices(indices: Uint16Array, count: number, entryCount: number): Uint8Array {
  const width = entryCount <= 1 ? 1 : 32 - Math.clz32(entryCount - 1);
  const groups = Math.ceil(count / 8);
  const head = [width, ...encodeVarint((groups << 1) | 1)];
  const bytes = new Uint8Array(head.length + groups * width);
  bytes.set(head);
  let at = head.length;
  let held = 0;
  let heldBits = 0;
  for (let index = 0; index < count; index += 1) {
    held |= (indices[index] as number) << heldBits;
    heldBits += width;
    while (heldBits >= 8) {
      bytes[at] = held;
      at += 1;
      held >>>= 8;
      heldBits -= 8;
    }
  }
  if (heldBits > 0) bytes[at] = held;
  return bytes;
}
