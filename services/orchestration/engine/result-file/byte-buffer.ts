/** A growable byte buffer. */
export type ByteBuffer = {
  readonly byteLength: number;
  /** Extends the buffer and returns the new part for writing. */
  extend(byteCount: number): Uint8Array;
  /** Returns the bytes, which are valid until the next write, and resets the buffer. */
  drain(): Uint8Array<ArrayBuffer>;
};

const firstBytes = 64 * 1024;

export function createByteBuffer(): ByteBuffer {
  let bytes = new Uint8Array(firstBytes);
  let length = 0;
  return {
    get byteLength() {
      return length;
    },
    extend(byteCount) {
      const start = length;
      length += byteCount;
      if (length > bytes.byteLength) {
        const larger = new Uint8Array(Math.max(length, 2 * bytes.byteLength));
        larger.set(bytes.subarray(0, start));
        bytes = larger;
      }
      return bytes.subarray(start, length);
    },
    drain() {
      const drained = bytes.subarray(0, length);
      length = 0;
      return drained;
    },
  };
}
