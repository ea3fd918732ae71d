/** A buffer that grows. */
export type ByteBuffer = {
  readonly byteLength: number;
  /** Makes room for more bytes and answers where they are to be written. */
  extend(byteCount: number): Uint8Array;
  /** Answers the bytes, which stay until the next ones are written, and begins anew. */
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
