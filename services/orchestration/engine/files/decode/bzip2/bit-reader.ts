/** Why bytes are no bzip2. */
export class InvalidBzip2 extends Error {
  override name = "InvalidBzip2";
}

/** Reads the next bytes of the input, at least one; none at its end. */
export type ReadMore = () => Uint8Array;

export type BitReader = ReturnType<typeof createBitReader>;

export function createBitReader(readMore: ReadMore) {
  let bytes: Uint8Array = new Uint8Array(0);
  let next = 0;
  let held = 0;
  let heldBits = 0;
  let paddedBits = 0;
  const nextByte = (): number => {
    if (next >= bytes.length) {
      bytes = readMore();
      next = 0;
      // A code at the end may be shorter than what is looked at: zeros follow, which nobody may take.
      if (bytes.length === 0) {
        paddedBits += 8;
        return 0;
      }
    }
    return bytes[next++] ?? 0;
  };
  /** The next bits, at most 24, without taking them. */
  const peek = (count: number): number => {
    while (heldBits < count) {
      held = (held << 8) | nextByte();
      heldBits += 8;
    }
    return (held >>> (heldBits - count)) & ((1 << count) - 1);
  };
  const skip = (count: number): void => {
    heldBits -= count;
    if (heldBits < paddedBits) throw new InvalidBzip2("it is cut off");
  };
  /** At most 24 bits. */
  const read = (count: number): number => {
    const value = peek(count);
    skip(count);
    return value;
  };
  return {
    peek,
    skip,
    read,
    read32: () => read(16) * 0x10000 + read(16),
    /** Leaves the rest of a byte out. */
    align() {
      heldBits -= heldBits % 8;
    },
    isAtEnd() {
      if (heldBits > paddedBits) return false;
      if (next >= bytes.length) {
        bytes = readMore();
        next = 0;
      }
      return bytes.length === 0;
    },
  };
}
