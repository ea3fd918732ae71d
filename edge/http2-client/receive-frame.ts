import { constants } from "node:http2";
import { closeStream, completeStream, resetStream, stopNewStreams } from "./close-stream.ts";
import type { ConnectionState } from "./connection-state.ts";
import { findStream } from "./find-stream.ts";
import { type Frame, flags, frameHead, frameTypes, max31Bits } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import { receiveContinuation, receiveHeaders } from "./receive-headers.ts";
import { credit, creditConnection } from "./receive-window.ts";
import { removePadding } from "./remove-padding.ts";
import { sendBlocked, startPending } from "./send.ts";
import { applySettings } from "./settings.ts";

/** Handles a frame. Throws Http2Error for a violation that closes the connection. */
export function receiveFrame(connection: ConnectionState, frame: Frame): void {
  const { block } = connection;
  if (block && (frame.type !== frameTypes.continuation || frame.streamId !== block.streamId))
    throw protocolError("a header block is interrupted");
  // Frames of unknown types are ignored.
  handlers[frame.type]?.(connection, frame);
}

const handlers: Readonly<Record<number, (connection: ConnectionState, frame: Frame) => void>> = {
  [frameTypes.data]: receiveData,
  [frameTypes.headers]: receiveHeaders,
  [frameTypes.continuation]: receiveContinuation,
  [frameTypes.rstStream]: receiveReset,
  [frameTypes.settings]: receiveSettings,
  [frameTypes.ping]: receivePing,
  [frameTypes.goaway]: receiveGoaway,
  [frameTypes.windowUpdate]: receiveWindowUpdate,
  [frameTypes.pushPromise]() {
    throw protocolError("nobody asked for a push");
  },
};

function receiveData(connection: ConnectionState, frame: Frame): void {
  const { payload } = frame;
  const stream = findStream(connection, frame.streamId);
  connection.receiveWindowBytes -= payload.byteLength;
  if (connection.receiveWindowBytes < 0) throw new Http2Error(constants.NGHTTP2_FLOW_CONTROL_ERROR, tooMuch);
  creditConnection(connection);
  if (!stream) return;
  const content = removePadding(frame);
  stream.receiveWindowBytes -= payload.byteLength;
  stream.heldBytes += payload.byteLength;
  if (stream.receiveWindowBytes < 0) resetStream(connection, stream, constants.NGHTTP2_FLOW_CONTROL_ERROR);
  else if (!stream.hasHeaders) resetStream(connection, stream, constants.NGHTTP2_PROTOCOL_ERROR);
  else {
    const paddingBytes = payload.byteLength - content.byteLength;
    if (paddingBytes > 0) credit(connection, stream, paddingBytes);
    if (content.byteLength > 0) stream.listener.data(content);
    if (frame.flags & flags.endStream) completeStream(connection, stream);
  }
}

const tooMuch = "more content comes than may";

function receiveReset(connection: ConnectionState, { streamId, payload }: Frame): void {
  requireBytes(payload, 4);
  const stream = findStream(connection, streamId);
  if (stream) closeStream(connection, stream, payload.readUInt32BE());
}

function receiveSettings(connection: ConnectionState, { streamId, flags: flagBits, payload }: Frame): void {
  if (streamId !== 0) throw protocolError("settings are of a stream");
  if (flagBits & flags.ack) {
    requireBytes(payload, 0);
    return;
  }
  // A server that sends no limit of streams has none. Before its first SETTINGS, the limit is that of `initialPeer`.
  if (!connection.hasPeerSettings) connection.peer.streamsMax = Number.POSITIVE_INFINITY;
  connection.hasPeerSettings = true;
  applySettings(connection, payload);
  connection.writer.send(frameHead(frameTypes.settings, flags.ack, 0, 0));
  startPending(connection);
  sendBlocked(connection);
}

function receivePing(connection: ConnectionState, { flags: flagBits, payload }: Frame): void {
  requireBytes(payload, 8);
  if (flagBits & flags.ack) connection.pings.shift()?.();
  else connection.writer.send(frameHead(frameTypes.ping, flags.ack, 0, payload.byteLength), payload);
}

function receiveGoaway(connection: ConnectionState, { payload }: Frame): void {
  if (payload.byteLength < 8) throw frameSizeError();
  const lastId = payload.readUInt32BE() & max31Bits;
  stopNewStreams(connection, lastId);
  connection.streamClosed();
}

function receiveWindowUpdate(connection: ConnectionState, { streamId, payload }: Frame): void {
  requireBytes(payload, 4);
  const addedBytes = payload.readUInt32BE() & max31Bits;
  const stream = streamId === 0 ? undefined : findStream(connection, streamId);
  if (streamId !== 0 && !stream) return;
  const holder = stream ?? connection;
  holder.sendWindowBytes += addedBytes;
  const code = windowErrorOf(addedBytes, holder);
  if (code === undefined) sendBlocked(connection);
  else if (stream) resetStream(connection, stream, code);
  else throw new Http2Error(code, "a window has no such size");
}

/** The error code of an invalid WINDOW_UPDATE. */
function windowErrorOf(addedBytes: number, holder: { readonly sendWindowBytes: number }): number | undefined {
  if (addedBytes === 0) return constants.NGHTTP2_PROTOCOL_ERROR;
  return holder.sendWindowBytes > max31Bits ? constants.NGHTTP2_FLOW_CONTROL_ERROR : undefined;
}

function requireBytes({ byteLength }: Buffer, expected: number): void {
  if (byteLength !== expected) throw frameSizeError();
}

const frameSizeError = () =>
  new Http2Error(constants.NGHTTP2_FRAME_SIZE_ERROR, "a frame is not as long as its kind is");
