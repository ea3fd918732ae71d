/** A message of PostgreSQL's protocol: its kind, and its length with the four bytes of the length itself. */
const headBytes = 5;
const copyData = "d".charCodeAt(0);

/** A message that is not a row: its kind as a letter, and what it carries. */
export type ServerMessage = { readonly kind: string; readonly body: Buffer };

/**
 * Takes the rows of a COPY out of what the server sends. Answers the rows' bytes of one piece, which are moved together
 * within it: a row is a message of its own, and there are too many of them for an object each.
 */
export function createCopyReader(onMessage: (message: ServerMessage) => void): (piece: Buffer) => Buffer {
  // What an earlier piece ended in: a row, or the beginning of something else.
  let rowLeft = 0;
  let begun: Buffer = Buffer.alloc(0);

  /** Hands over the message at a place, or keeps what is there of it; answers the place behind. */
  function takeMessage(piece: Buffer, at: number): number {
    const isHeadWhole = piece.length - at >= headBytes;
    const end = isHeadWhole ? at + 1 + piece.readUInt32BE(at + 1) : Number.POSITIVE_INFINITY;
    if (end > piece.length) {
      begun = Buffer.from(piece.subarray(at));
      return piece.length;
    }
    const kind = String.fromCharCode(piece[at] ?? 0);
    onMessage({ kind, body: Buffer.from(piece.subarray(at + headBytes, end)) });
    return end;
  }

  return (received) => {
    const piece = begun.length === 0 ? received : Buffer.concat([begun, received]);
    begun = Buffer.alloc(0);
    let at = 0;
    let filled = 0;
    while (at < piece.length) {
      if (rowLeft > 0) {
        const end = Math.min(at + rowLeft, piece.length);
        piece.copyWithin(filled, at, end);
        filled += end - at;
        rowLeft -= end - at;
        at = end;
      } else if (isRowHead(piece, at)) {
        rowLeft = piece.readUInt32BE(at + 1) + 1 - headBytes;
        at += headBytes;
      } else at = takeMessage(piece, at);
    }
    return piece.subarray(0, filled);
  };
}

const isRowHead = (piece: Buffer, at: number): boolean =>
  piece[at] === copyData && piece.length - at >= headBytes;
