/** The input is not valid bzip2. */
export class InvalidBzip2Error extends Error {
  override name = "InvalidBzip2Error";
}

/** Reads the next bytes of the input; none at its end. */
export type ReadMore = () => Uint8Array;

export type BitReader = ReturnType<typeof createBitReader>;

export function createBitReader(readMore: ReadMore) {
  let bytes: Uint8Array = new Uint8Array(0);
  let next = 0;
  let buffered = 0;
  let bufferedBits = 0;
  let paddedBits = 0;
  const nextByte = (): number => {
    if (next >= bytes.length) {
      bytes = readMore();
      next = 0;
      // peek may look beyond the end, so zeros are appended, which skip refuses to consume.
      if (bytes.length === 0) {
        paddedBits += 8;
        return 0;
      }
    }
    return bytes[next++] ?? 0;
  };
  /** Returns the next bits, at most 24, without consuming them. */
  const peek = (count: number): number => {
    while (bufferedBits < count) {
      buffered = (buffered << 8) | nextByte();
      bufferedBits += 8;
    }
    return (buffered >>> (bufferedBits - count)) & ((1 << count) - 1);
  };
  const skip = (count: number): void => {
    bufferedBits -= count;
    if (bufferedBits < paddedBits) throw new InvalidBzip2Error("it is cut off");
  };
  /** Reads at most 24 bits. */
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
    /** Skips to the next byte. */
    align() {
      bufferedBits -= bufferedBits % 8;
    },
    isAtEnd() {
      if (bufferedBits > paddedBits) return false;
      if (next >= bytes.length) {
        bytes = readMore();
        next = 0;
      }
      return bytes.length === 0;
    },
  };
}
