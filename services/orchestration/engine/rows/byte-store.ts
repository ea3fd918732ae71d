/** Byte arrays, one behind the other, each behind its length: as Parquet's PLAIN encodes them. */
export type ByteStore = {
  /** Appends the bytes at a place; answers whether all of them are ASCII. */
  push(bytes: Buffer, at: number, size: number): boolean;
  readonly length: number;
  /** What has been appended; it is not written any more. */
  take(): Buffer;
  /** The bytes themselves, until the next one is appended. */
  readonly bytes: Buffer;
};

const bytesMin = 4096;
/** Bytes that are copied one by one: a call of the copying function takes longer. */
const shortBytes = 48;

export function createByteStore(): ByteStore {
  let stored = Buffer.allocUnsafeSlow(bytesMin);
  let length = 0;

  function grow(wanted: number): void {
    if (wanted <= stored.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, stored.length * 2));
    stored.copy(grown, 0, 0, length);
    stored = grown;
  }

  return {
    push(bytes, at, size) {
      grow(length + 4 + size);
      let to = length;
      stored[to] = size;
      stored[to + 1] = size >>> 8;
      stored[to + 2] = size >>> 16;
      stored[to + 3] = size >>> 24;
      to += 4;
      length = to + size;
      if (size > shortBytes) {
        bytes.copy(stored, to, at, at + size);
        return false;
      }
      let all = 0;
      for (const end = at + size; at < end; at += 1, to += 1) {
        const byte = bytes[at] as number;
        stored[to] = byte;
        all |= byte;
      }
      return all < 0x80;
    },
    get length() {
      return length;
    },
    get bytes() {
      return stored;
    },
    take() {
      const taken = stored.subarray(0, length);
      // With as much room as was taken.
      stored = Buffer.allocUnsafeSlow(Math.max(bytesMin, length));
      length = 0;
      return taken;
    },
  };
}
