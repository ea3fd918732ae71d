import { constants } from "node:http2";
import { type Frame, frameHeadBytes, max31Bits } from "./frames.ts";
import { Http2Error } from "./http2-error.ts";

/** The most that a frame may carry, in bytes: the default, so that nobody has to be told. */
const payloadBytesMax = 16_384;

/**
 * Takes what comes on a connection apart. Frames that came in one piece are views of it. The function that is answered
 * throws FRAME_SIZE_ERROR, and what `took` throws.
 */
export function createFrameReader(took: (frame: Frame) => void): (piece: Buffer) => void {
  /** The beginning of a frame whose end has not come. */
  const held = Buffer.allocUnsafe(frameHeadBytes + payloadBytesMax);
  let heldBytes = 0;
  const hold = (piece: Buffer, at: number): number => {
    const wantedBytes = heldBytes < frameHeadBytes ? frameHeadBytes : frameBytesOf(held, 0);
    const until = Math.min(piece.byteLength, at + wantedBytes - heldBytes);
    heldBytes += piece.copy(held, heldBytes, at, until);
    if (heldBytes >= frameHeadBytes && heldBytes === frameBytesOf(held, 0)) {
      const whole = Buffer.from(held.subarray(0, heldBytes));
      heldBytes = 0;
      took(frameAt(whole, 0, whole.byteLength));
    }
    return until;
  };
  return (piece) => {
    for (let at = 0; at < piece.byteLength; ) {
      const isHeadWhole = heldBytes === 0 && piece.byteLength - at >= frameHeadBytes;
      const end = isHeadWhole ? at + frameBytesOf(piece, at) : Number.POSITIVE_INFINITY;
      if (end <= piece.byteLength) {
        took(frameAt(piece, at, end));
        at = end;
      } else at = hold(piece, at);
    }
  };
}

/** How long the frame is that begins at a place, with its head. */
function frameBytesOf(bytes: Buffer, at: number): number {
  const payloadBytes = bytes.readUIntBE(at, 3);
  if (payloadBytes > payloadBytesMax)
    throw new Http2Error(constants.NGHTTP2_FRAME_SIZE_ERROR, `a frame carries ${payloadBytes} bytes`);
  return frameHeadBytes + payloadBytes;
}

const frameAt = (bytes: Buffer, at: number, end: number): Frame => ({
  type: bytes[at + 3] ?? 0,
  flags: bytes[at + 4] ?? 0,
  streamId: bytes.readUInt32BE(at + 5) & max31Bits,
  payload: bytes.subarray(at + frameHeadBytes, end),
});
