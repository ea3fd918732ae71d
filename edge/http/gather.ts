/** Joins pieces as they come. However small they are, they take no more than twice their bytes. */
export type Gatherer = {
  readonly byteLength: number;
  add(piece: Buffer): void;
  /** All that was added since the last time. A single piece is answered as it came. */
  take(): Buffer;
};

const nothing = Buffer.alloc(0);

export function createGatherer(): Gatherer {
  let held: Buffer = nothing;
  let byteLength = 0;
  return {
    get byteLength() {
      return byteLength;
    },
    add(piece) {
      const end = byteLength + piece.byteLength;
      if (byteLength === 0) held = piece;
      else {
        // What holds a single piece is not ours to write into: it is exactly full.
        if (end > held.byteLength) held = enlarged(held, byteLength, 2 * end);
        held.set(piece, byteLength);
      }
      byteLength = end;
    },
    take() {
      const taken = held.subarray(0, byteLength);
      held = nothing;
      byteLength = 0;
      return taken;
    },
  };
}

function enlarged(held: Buffer, usedBytes: number, bytes: number): Buffer {
  const larger = Buffer.allocUnsafe(bytes);
  held.copy(larger, 0, 0, usedBytes);
  return larger;
}
