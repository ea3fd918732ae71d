import type { Span } from "../../lib/content/byte-range.ts";
import type { OpenBlob } from "./object-store.ts";

/** Content is read and sent in pieces of this size. */
const pieceBytes = 512 * 1024;

/**
 * Reads a span piece by piece, one piece ahead of the caller. Ends early where the stored bytes do: the caller counts.
 */
export async function* readPieces(blob: OpenBlob, { start, end }: Span): AsyncGenerator<Uint8Array, void> {
  const readAt = (position: number) => {
    const reading = blob.read(position, Math.min(pieceBytes, end - position));
    // The caller may stop before it waits for this one.
    reading.catch(() => {});
    return reading;
  };
  let position = start;
  let next = position < end ? readAt(position) : undefined;
  try {
    while (next) {
      const piece = await next;
      if (piece.length === 0) return;
      position += piece.length;
      next = position < end ? readAt(position) : undefined;
      yield piece;
    }
  } finally {
    // The file may be closed after this.
    await next?.catch(() => {});
  }
}
