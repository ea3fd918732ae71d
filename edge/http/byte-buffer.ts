/** Growable byte buffer; its capacity is at most twice its content. */
export type ByteBuffer = {
  readonly byteLength: number;
  append(chunk: Buffer): void;
  /** Returns the content and empties the buffer. A single chunk is returned without a copy. */
  drain(): Buffer;
};

const nothing = Buffer.alloc(0);

export function createByteBuffer(): ByteBuffer {
  let held: Buffer = nothing;
  let byteLength = 0;
  return {
    get byteLength() {
      return byteLength;
    },
    append(chunk) {
      const end = byteLength + chunk.byteLength;
      if (byteLength === 0) held = chunk;
      else {
        // The memory of a single chunk belongs to its sender; being full, it is never written to.
        if (end > held.byteLength) held = enlarged(held, byteLength, 2 * end);
        held.set(chunk, byteLength);
      }
      byteLength = end;
    },
    drain() {
      const content = held.subarray(0, byteLength);
      held = nothing;
      byteLength = 0;
      return content;
    },
  };
}

function enlarged(held: Buffer, usedBytes: number, bytes: number): Buffer {
  const larger = Buffer.allocUnsafe(bytes);
  held.copy(larger, 0, 0, usedBytes);
  return larger;
}
