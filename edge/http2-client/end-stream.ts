import { constants } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { frameTypes, max31Bits, numberFrame } from "./frames.ts";
import { shrinkWindow } from "./receive-window.ts";
import type { StreamState } from "./stream.ts";

/** Takes a stream out of its connection; what waits for its place begins. */
export function forget(connection: ConnectionState, stream: StreamState): void {
  stream.isOver = true;
  connection.streams.delete(stream.id);
  connection.waiting.delete(stream);
  connection.blocked.delete(stream);
  stream.queue.length = 0;
  stream.room?.resolve();
  shrinkWindow(connection, stream);
  connection.left();
}

/** Ends a stream of which the other end has said all. What that still expects of it does not come. */
export function complete(connection: ConnectionState, stream: StreamState): void {
  if (!stream.isOver && !stream.isSent) sendReset(connection, stream, constants.NGHTTP2_NO_ERROR);
  finish(connection, stream, constants.NGHTTP2_NO_ERROR);
}

/** Ends a stream, and says so to who listens. */
export function finish(connection: ConnectionState, stream: StreamState, code: number): void {
  if (stream.isOver) return;
  forget(connection, stream);
  stream.listener.closed(code);
}

/** Ends a stream, and says so to the other end, too. */
export function reset(connection: ConnectionState, stream: StreamState, code: number): void {
  sendReset(connection, stream, code);
  finish(connection, stream, code);
}

export function sendReset({ writer }: ConnectionState, { id }: StreamState, code: number): void {
  if (id > 0) writer.send(numberFrame(frameTypes.rstStream, id, code));
}

/** Ends the streams that the other end did not begin with: those after the last one of which it knows. */
function finishRefused(connection: ConnectionState, lastId: number): void {
  for (const stream of [...connection.waiting, ...connection.streams.values()])
    if (stream.id === 0 || stream.id > lastId) finish(connection, stream, constants.NGHTTP2_REFUSED_STREAM);
}

/** Lets no more streams begin than there are. */
export function retire(connection: ConnectionState, lastId: number = max31Bits): void {
  connection.isClosing = true;
  finishRefused(connection, lastId);
  connection.goaway();
}

/** Ends all streams. What was never sent is refused, which alone is sure to have had no effect. */
export function finishAll(connection: ConnectionState, code: number): void {
  finishRefused(connection, max31Bits);
  for (const stream of [...connection.streams.values()]) finish(connection, stream, code);
}
