import { constants } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { frameTypes, max31Bits, numberFrame } from "./frames.ts";
import { shrinkWindow } from "./receive-window.ts";
import type { StreamState } from "./stream.ts";

/** Removes a stream from its connection, and starts one that waits. */
export function removeStream(connection: ConnectionState, stream: StreamState): void {
  stream.isClosed = true;
  connection.streams.delete(stream.id);
  connection.pending.delete(stream);
  connection.blocked.delete(stream);
  stream.queue.length = 0;
  stream.room?.resolve();
  shrinkWindow(connection, stream);
  connection.streamClosed();
}

/** Closes a stream whose response is complete. The rest of its request is not sent. */
export function completeStream(connection: ConnectionState, stream: StreamState): void {
  if (!stream.isClosed && !stream.isSent) sendReset(connection, stream, constants.NGHTTP2_NO_ERROR);
  closeStream(connection, stream, constants.NGHTTP2_NO_ERROR);
}

/** Closes a stream, and notifies its listener. */
export function closeStream(connection: ConnectionState, stream: StreamState, code: number): void {
  if (stream.isClosed) return;
  removeStream(connection, stream);
  stream.listener.closed(code);
}

/** Closes a stream, and notifies its listener and the server. */
export function resetStream(connection: ConnectionState, stream: StreamState, code: number): void {
  sendReset(connection, stream, code);
  closeStream(connection, stream, code);
}

export function sendReset({ writer }: ConnectionState, { id }: StreamState, code: number): void {
  if (id > 0) writer.send(numberFrame(frameTypes.rstStream, id, code));
}

/** Closes the streams that the server has not processed: those with ids above the last one it names. */
function closeRefused(connection: ConnectionState, lastId: number): void {
  for (const stream of [...connection.pending, ...connection.streams.values()])
    if (stream.id === 0 || stream.id > lastId)
      closeStream(connection, stream, constants.NGHTTP2_REFUSED_STREAM);
}

/** Accepts no new streams, and closes those that the server has not processed. */
export function stopNewStreams(connection: ConnectionState, lastId: number = max31Bits): void {
  connection.isClosing = true;
  closeRefused(connection, lastId);
  connection.goaway();
}

/** Closes all streams. Those that were never sent are refused: they are known to have had no effect. */
export function closeAll(connection: ConnectionState, code: number): void {
  closeRefused(connection, max31Bits);
  for (const stream of [...connection.streams.values()]) closeStream(connection, stream, code);
}
