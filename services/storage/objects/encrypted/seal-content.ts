import { createCipheriv, randomBytes } from "node:crypto";
import {
  sealAlgorithm,
  sealedBytes,
  segmentBytes,
  segmentNonce,
  tagBytes,
} from "../../../lib/content/sealed-content.ts";

/** Seals one content with a new random key, which seals no other one. */
export type ContentSealer = {
  readonly dataKey: Uint8Array;
  /** Takes a chunk, and returns the segments that are complete with it. */
  add(chunk: Uint8Array): Buffer[];
  /** Returns the last segment. An empty content has none. */
  end(): Buffer[];
};

const dataKeyBytes = 32;

export function createSealer(): ContentSealer {
  const dataKey = randomBytes(dataKeyBytes);
  const held = Buffer.allocUnsafeSlow(segmentBytes);
  let heldBytes = 0;
  let index = 0;
  const seal = (content: Uint8Array, isLast: boolean): Buffer => {
    const sealed = Buffer.allocUnsafeSlow(content.length + tagBytes);
    sealSegment({ dataKey, index, isLast }, content, sealed);
    index += 1;
    return sealed;
  };
  return {
    dataKey,
    add(chunk) {
      const sealed: Buffer[] = [];
      for (let rest = chunk; rest.length > 0; ) {
        // A full segment waits for the next byte: only then it is known not to be the last one.
        if (heldBytes === segmentBytes) {
          sealed.push(seal(held, false));
          heldBytes = 0;
        }
        const isWhole = heldBytes === 0 && rest.length > segmentBytes;
        const part = rest.subarray(0, segmentBytes - heldBytes);
        if (isWhole) sealed.push(seal(part, false));
        else {
          held.set(part, heldBytes);
          heldBytes += part.length;
        }
        rest = rest.subarray(part.length);
      }
      return sealed;
    },
    end: () => (heldBytes > 0 ? [seal(held.subarray(0, heldBytes), true)] : []),
  };
}

/** Seals a content that is in memory. `extraBytes` are left free at the end, for the caller. */
export function sealWhole(content: Uint8Array, extraBytes: number): { dataKey: Buffer; sealed: Buffer } {
  const dataKey = randomBytes(dataKeyBytes);
  const sealed = Buffer.allocUnsafeSlow(sealedBytes(content.length) + extraBytes);
  let position = 0;
  for (let index = 0; index * segmentBytes < content.length; index += 1) {
    const end = (index + 1) * segmentBytes;
    const segment = { dataKey, index, isLast: end >= content.length };
    position += sealSegment(segment, content.subarray(index * segmentBytes, end), sealed.subarray(position));
  }
  return { dataKey, sealed };
}

type Segment = { readonly dataKey: Uint8Array; readonly index: number; readonly isLast: boolean };

/** Writes a sealed segment to the start of `target`, and returns its size. */
function sealSegment({ dataKey, index, isLast }: Segment, content: Uint8Array, target: Buffer): number {
  const cipher = createCipheriv(sealAlgorithm, dataKey, segmentNonce(index, isLast), {
    authTagLength: tagBytes,
  });
  cipher.update(content).copy(target);
  cipher.final();
  cipher.getAuthTag().copy(target, content.length);
  return content.length + tagBytes;
}
