import { constants } from "node:http2";

/** Source: RFC 9113, section 6. */
export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = {
  /** Of SETTINGS and PING. */
  ack: constants.NGHTTP2_FLAG_ACK,
  endStream: constants.NGHTTP2_FLAG_END_STREAM,
  endHeaders: constants.NGHTTP2_FLAG_END_HEADERS,
  padded: constants.NGHTTP2_FLAG_PADDED,
  priority: constants.NGHTTP2_FLAG_PRIORITY,
} as const;

/** Length of the payload in three bytes, type, flags, and the stream's id in four. */
export const frameHeadBytes = 9;

/** Largest stream id and largest window; the first bit is reserved. */
export const max31Bits = 0x7fff_ffff;

/** A received frame. `streamId` is 0 for frames of the connection. */
export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
};

/** The payload has to be sent right after it. */
export function frameHead(type: number, flagBits: number, streamId: number, payloadBytes: number): Buffer {
  const head = Buffer.allocUnsafe(frameHeadBytes);
  head[0] = payloadBytes >> 16;
  head[1] = payloadBytes >> 8;
  head[2] = payloadBytes;
  head[3] = type;
  head[4] = flagBits;
  head.writeUInt32BE(streamId, 5);
  return head;
}

/** A frame whose payload is one 32-bit integer. */
export function numberFrame(type: number, streamId: number, number: number): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeUInt32BE(number);
  return Buffer.concat([frameHead(type, 0, streamId, payload.byteLength), payload]);
}
