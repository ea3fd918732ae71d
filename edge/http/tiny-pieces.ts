import { piecesTooTiny } from "../errors/http-error.ts";

/** Tiny pieces of a body that are put up with: taking one costs as much as hundreds of bytes in a larger one. */
const tinyPiecesMax = 16_384;
/** Bytes that pay for a piece. */
const tinyBytes = 16;
/** Pieces that a whole message pays for: messages of a stream may be small, and sent as soon as they are there. */
const messagePieces = 4;

/** Takes note of a piece and of whether a message ended before it; throws at one tiny piece too many. */
export type TinyPieces = (pieceBytes: number, afterMessage?: boolean) => void;

export function boundTinyPieces(): TinyPieces {
  let unpaid = 0;
  return (pieceBytes, afterMessage = false) => {
    const paid = pieceBytes / tinyBytes + (afterMessage ? messagePieces : 0);
    unpaid = Math.max(0, unpaid + 1 - paid);
    if (unpaid > tinyPiecesMax) throw piecesTooTiny(tinyPiecesMax, tinyBytes);
  };
}
