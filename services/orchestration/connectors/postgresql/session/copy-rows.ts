/** Head of a message: its type, and its length, which includes the four bytes of the length itself. */
const headBytes = 5;
const copyData = "d".charCodeAt(0);

/** A message that is not CopyData: its type as a letter, and its body. */
export type ServerMessage = { readonly kind: string; readonly body: Buffer };

/**
 * Extracts the rows of a COPY from a server's messages. Returns the row bytes of a chunk, compacted in place: every row is a
 * message, and an object per message would be too slow.
 */
export function createCopyReader(onMessage: (message: ServerMessage) => void): (chunk: Buffer) => Buffer {
  // State at the end of the last chunk: bytes left of a row, or the start of another message.
  let rowLeft = 0;
  let begun: Buffer = Buffer.alloc(0);

  /** Emits the message at a position, or buffers an incomplete one. Returns the position after it. */
  function takeMessage(chunk: Buffer, at: number): number {
    const isHeadWhole = chunk.length - at >= headBytes;
    const end = isHeadWhole ? at + 1 + chunk.readUInt32BE(at + 1) : Number.POSITIVE_INFINITY;
    if (end > chunk.length) {
      begun = Buffer.from(chunk.subarray(at));
      return chunk.length;
    }
    const kind = String.fromCharCode(chunk[at] ?? 0);
    onMessage({ kind, body: Buffer.from(chunk.subarray(at + headBytes, end)) });
    return end;
  }

  return (received) => {
    const chunk = begun.length === 0 ? received : Buffer.concat([begun, received]);
    begun = Buffer.alloc(0);
    let at = 0;
    let filled = 0;
    while (at < chunk.length) {
      if (rowLeft > 0) {
        const end = Math.min(at + rowLeft, chunk.length);
        chunk.copyWithin(filled, at, end);
        filled += end - at;
        rowLeft -= end - at;
        at = end;
      } else if (isRowHead(chunk, at)) {
        rowLeft = chunk.readUInt32BE(at + 1) + 1 - headBytes;
        at += headBytes;
      } else at = takeMessage(chunk, at);
    }
    return chunk.subarray(0, filled);
  };
}

const isRowHead = (chunk: Buffer, at: number): boolean =>
  chunk[at] === copyData && chunk.length - at >= headBytes;
