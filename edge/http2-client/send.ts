import { stopNewStreams } from "./close-stream.ts";
import type { ConnectionState } from "./connection-state.ts";
import { flags, frameHead, frameTypes, max31Bits } from "./frames.ts";
import type { StreamState } from "./stream.ts";

/** Queued content of a stream above which its writer should wait, in bytes. */
const queuedBytesMax = 64 * 1024;

/** Starts pending streams, up to the server's limit. */
export function startPending(connection: ConnectionState): void {
  for (const stream of connection.pending) {
    if (connection.streams.size >= connection.peer.streamsMax) return;
    connection.pending.delete(stream);
    startStream(connection, stream);
    sendContent(connection, stream);
  }
}

/** Sends the headers of a stream. After the last stream id, the connection accepts no more. */
export function startStream(connection: ConnectionState, stream: StreamState): void {
  const { head: block } = stream;
  stream.id = connection.nextId;
  connection.nextId += 2;
  stream.sendWindowBytes = connection.peer.windowBytes;
  connection.streams.set(stream.id, stream);
  const { frameBytesMax } = connection.peer;
  for (let at = 0; at === 0 || at < block.byteLength; at += frameBytesMax) {
    const chunk = block.subarray(at, at + frameBytesMax);
    const type = at === 0 ? frameTypes.headers : frameTypes.continuation;
    const isLast = at + frameBytesMax >= block.byteLength;
    const head = frameHead(type, isLast ? flags.endHeaders : 0, stream.id, chunk.byteLength);
    connection.writer.send(head, chunk);
  }
  if (connection.nextId > max31Bits) stopNewStreams(connection);
}

/** Sends content of a stream as far as flow control allows. */
export function sendContent(connection: ConnectionState, stream: StreamState): void {
  while (hasMore(stream)) {
    if (hasRoom(connection, stream)) sendChunk(connection, stream);
    else {
      connection.blocked.add(stream);
      return;
    }
  }
  connection.blocked.delete(stream);
  stream.room?.resolve();
  stream.room = undefined;
}

/** Continues the streams that were blocked, one chunk each in turn. */
export function sendBlocked(connection: ConnectionState): void {
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const stream of [...connection.blocked]) {
      if (!hasRoom(connection, stream)) continue;
      sendChunk(connection, stream);
      // Moved to the end: the next WINDOW_UPDATE serves the others first.
      connection.blocked.delete(stream);
      if (hasMore(stream)) connection.blocked.add(stream);
      else sendContent(connection, stream);
      hasMoved = true;
    }
  }
}

/** Whether the writer of a stream should wait. */
export const isFull = ({ writer }: ConnectionState, { queuedBytes, isClosed }: StreamState): boolean =>
  !isClosed && (queuedBytes > queuedBytesMax || (queuedBytes > 0 && writer.isClogged()));

const hasMore = ({ queue, isEnded, isSent }: StreamState): boolean =>
  queue.length > 0 || (isEnded && !isSent);

/** An empty frame, which only ends the stream, needs no window. */
const hasRoom = ({ sendWindowBytes, writer }: ConnectionState, stream: StreamState): boolean =>
  stream.queuedBytes === 0 || (stream.sendWindowBytes > 0 && sendWindowBytes > 0 && !writer.isClogged());

function sendChunk(connection: ConnectionState, stream: StreamState): void {
  const { queue } = stream;
  const [first = empty] = queue;
  const windowBytes = Math.max(0, Math.min(connection.sendWindowBytes, stream.sendWindowBytes));
  const roomBytes = Math.min(connection.peer.frameBytesMax, windowBytes);
  const chunk = first.byteLength > roomBytes ? first.subarray(0, roomBytes) : first;
  if (chunk === first) queue.shift();
  else queue[0] = first.subarray(roomBytes);
  stream.queuedBytes -= chunk.byteLength;
  stream.sendWindowBytes -= chunk.byteLength;
  connection.sendWindowBytes -= chunk.byteLength;
  stream.isSent = stream.isEnded && queue.length === 0;
  const flagBits = stream.isSent ? flags.endStream : 0;
  connection.writer.send(frameHead(frameTypes.data, flagBits, stream.id, chunk.byteLength), chunk);
}

const empty = Buffer.alloc(0);
