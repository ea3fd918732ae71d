import { constants } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { complete, finish, reset, retire } from "./end-stream.ts";
import { type Frame, flags, frameHead, frameTypes, max31Bits } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import { credit, creditConnection } from "./receive-window.ts";
import { beginWaiting, sendBlocked } from "./send.ts";
import { applySettings } from "./settings.ts";
import { streamOf } from "./stream-of.ts";
import { takeContinuation, takeHeaders } from "./take-headers.ts";
import { withoutPadding } from "./without-padding.ts";

/** Does what a frame says. Throws Http2Error if it must not be there, which ends the connection. */
export function takeFrame(connection: ConnectionState, frame: Frame): void {
  const { block } = connection;
  if (block && (frame.type !== frameTypes.continuation || frame.streamId !== block.streamId))
    throw protocolError("a header block is interrupted");
  // A frame of a kind that is not known says nothing.
  takes[frame.type]?.(connection, frame);
}

const takes: Readonly<Record<number, (connection: ConnectionState, frame: Frame) => void>> = {
  [frameTypes.data]: takeData,
  [frameTypes.headers]: takeHeaders,
  [frameTypes.continuation]: takeContinuation,
  [frameTypes.rstStream]: takeReset,
  [frameTypes.settings]: takeSettings,
  [frameTypes.ping]: takePing,
  [frameTypes.goaway]: takeGoaway,
  [frameTypes.windowUpdate]: takeWindowUpdate,
  [frameTypes.pushPromise]() {
    throw protocolError("nobody asked for a push");
  },
};

function takeData(connection: ConnectionState, frame: Frame): void {
  const { payload } = frame;
  const stream = streamOf(connection, frame.streamId);
  connection.receiveWindowBytes -= payload.byteLength;
  if (connection.receiveWindowBytes < 0) throw new Http2Error(constants.NGHTTP2_FLOW_CONTROL_ERROR, tooMuch);
  creditConnection(connection);
  if (!stream) return;
  const content = withoutPadding(frame);
  stream.receiveWindowBytes -= payload.byteLength;
  stream.heldBytes += payload.byteLength;
  if (stream.receiveWindowBytes < 0) reset(connection, stream, constants.NGHTTP2_FLOW_CONTROL_ERROR);
  else if (!stream.hasHeaders) reset(connection, stream, constants.NGHTTP2_PROTOCOL_ERROR);
  else {
    const paddingBytes = payload.byteLength - content.byteLength;
    if (paddingBytes > 0) credit(connection, stream, paddingBytes);
    if (content.byteLength > 0) stream.listener.data(content);
    if (frame.flags & flags.endStream) complete(connection, stream);
  }
}

const tooMuch = "more content comes than may";

function takeReset(connection: ConnectionState, { streamId, payload }: Frame): void {
  requireBytes(payload, 4);
  const stream = streamOf(connection, streamId);
  if (stream) finish(connection, stream, payload.readUInt32BE());
}

function takeSettings(connection: ConnectionState, { streamId, flags: flagBits, payload }: Frame): void {
  if (streamId !== 0) throw protocolError("settings are of a stream");
  if (flagBits & flags.ack) {
    requireBytes(payload, 0);
    return;
  }
  // Before its first settings a server's bounds are not known; those that they do not name, it does not have.
  if (!connection.isSettled) connection.peer.streamsMax = Number.POSITIVE_INFINITY;
  connection.isSettled = true;
  applySettings(connection, payload);
  connection.writer.send(frameHead(frameTypes.settings, flags.ack, 0, 0));
  beginWaiting(connection);
  sendBlocked(connection);
}

function takePing(connection: ConnectionState, { flags: flagBits, payload }: Frame): void {
  requireBytes(payload, 8);
  if (flagBits & flags.ack) connection.pings.shift()?.();
  else connection.writer.send(frameHead(frameTypes.ping, flags.ack, 0, payload.byteLength), payload);
}

function takeGoaway(connection: ConnectionState, { payload }: Frame): void {
  if (payload.byteLength < 8) throw frameSizeError();
  const lastId = payload.readUInt32BE() & max31Bits;
  retire(connection, lastId);
  connection.left();
}

function takeWindowUpdate(connection: ConnectionState, { streamId, payload }: Frame): void {
  requireBytes(payload, 4);
  const addedBytes = payload.readUInt32BE() & max31Bits;
  const stream = streamId === 0 ? undefined : streamOf(connection, streamId);
  if (streamId !== 0 && !stream) return;
  const holder = stream ?? connection;
  holder.sendWindowBytes += addedBytes;
  const code = wrongWindow(addedBytes, holder);
  if (code === undefined) sendBlocked(connection);
  else if (stream) reset(connection, stream, code);
  else throw new Http2Error(code, "a window has no such size");
}

/** The code of what is wrong with a window's change. */
function wrongWindow(addedBytes: number, holder: { readonly sendWindowBytes: number }): number | undefined {
  if (addedBytes === 0) return constants.NGHTTP2_PROTOCOL_ERROR;
  return holder.sendWindowBytes > max31Bits ? constants.NGHTTP2_FLOW_CONTROL_ERROR : undefined;
}

function requireBytes({ byteLength }: Buffer, wanted: number): void {
  if (byteLength !== wanted) throw frameSizeError();
}

const frameSizeError = () =>
  new Http2Error(constants.NGHTTP2_FRAME_SIZE_ERROR, "a frame is not as long as its kind is");
