import { constants } from "node:http2";
import { type Frame, frameHeadBytes, max31Bits } from "./frames.ts";
import { Http2Error } from "./http2-error.ts";

/** SETTINGS_MAX_FRAME_SIZE of this end, in bytes. It is the default, so that it need not be sent. */
const payloadBytesMax = 16_384;

/**
 * Splits the bytes of a connection into frames. A frame within one chunk is a view of it. The returned function throws
 * FRAME_SIZE_ERROR, and what `took` throws.
 */
export function createFrameReader(took: (frame: Frame) => void): (chunk: Buffer) => void {
  /** The bytes of an incomplete frame. */
  const held = Buffer.allocUnsafe(frameHeadBytes + payloadBytesMax);
  let heldBytes = 0;
  const hold = (chunk: Buffer, at: number): number => {
    const wantedBytes = heldBytes < frameHeadBytes ? frameHeadBytes : frameBytesOf(held, 0);
    const until = Math.min(chunk.byteLength, at + wantedBytes - heldBytes);
    heldBytes += chunk.copy(held, heldBytes, at, until);
    if (heldBytes >= frameHeadBytes && heldBytes === frameBytesOf(held, 0)) {
      const whole = Buffer.from(held.subarray(0, heldBytes));
      heldBytes = 0;
      took(frameAt(whole, 0, whole.byteLength));
    }
    return until;
  };
  return (chunk) => {
    for (let at = 0; at < chunk.byteLength; ) {
      const isHeadWhole = heldBytes === 0 && chunk.byteLength - at >= frameHeadBytes;
      const end = isHeadWhole ? at + frameBytesOf(chunk, at) : Number.POSITIVE_INFINITY;
      if (end <= chunk.byteLength) {
        took(frameAt(chunk, at, end));
        at = end;
      } else at = hold(chunk, at);
    }
  };
}

/** Length of the frame at an offset, with its head. */
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
