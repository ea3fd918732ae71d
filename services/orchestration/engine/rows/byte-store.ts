/** Length-prefixed byte arrays in Parquet's PLAIN encoding. */
export type ByteStore = {
  /** Appends bytes; returns whether they are known to be ASCII. */
  push(bytes: Buffer, at: number, size: number): boolean;
  readonly length: number;
  /** Returns the content, which the store no longer changes, and resets the store. */
  take(): Buffer;
  /** The underlying buffer, valid until the next push. */
  readonly bytes: Buffer;
};

const bytesMin = 4096;
/** Below this size a loop is faster than a call of the native copy. */
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
      // The next content is probably of the same size.
      stored = Buffer.allocUnsafeSlow(Math.max(bytesMin, length));
      length = 0;
      return taken;
    },
  };
}
