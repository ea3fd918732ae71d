import type { ConnectionState } from "./connection-state.ts";
import { retire } from "./end-stream.ts";
import { flags, frameHead, frameTypes, max31Bits } from "./frames.ts";
import type { StreamState } from "./stream.ts";

/** How much of a stream may wait to be sent before its caller has to, in bytes. */
const queuedBytesMax = 64 * 1024;

/** Begins as many of the streams that wait as the other end bears. */
export function beginWaiting(connection: ConnectionState): void {
  for (const stream of connection.waiting) {
    if (connection.streams.size >= connection.peer.streamsMax) return;
    connection.waiting.delete(stream);
    begin(connection, stream);
    sendContent(connection, stream);
  }
}

/** Sends the headers of a stream. The last one that a connection has an id for is followed by none. */
export function begin(connection: ConnectionState, stream: StreamState): void {
  const { head: block } = stream;
  stream.id = connection.nextId;
  connection.nextId += 2;
  stream.sendWindowBytes = connection.peer.windowBytes;
  connection.streams.set(stream.id, stream);
  const { frameBytesMax } = connection.peer;
  for (let at = 0; at === 0 || at < block.byteLength; at += frameBytesMax) {
    const piece = block.subarray(at, at + frameBytesMax);
    const type = at === 0 ? frameTypes.headers : frameTypes.continuation;
    const isLast = at + frameBytesMax >= block.byteLength;
    const head = frameHead(type, isLast ? flags.endHeaders : 0, stream.id, piece.byteLength);
    connection.writer.send(head, piece);
  }
  if (connection.nextId > max31Bits) retire(connection);
}

/** Sends of a stream what there is room for. */
export function sendContent(connection: ConnectionState, stream: StreamState): void {
  while (hasMore(stream)) {
    if (hasRoom(connection, stream)) sendPiece(connection, stream);
    else {
      connection.blocked.add(stream);
      return;
    }
  }
  connection.blocked.delete(stream);
  stream.room?.resolve();
  stream.room = undefined;
}

/** Goes on with the streams that there was no room for, a piece of each in turn. */
export function sendBlocked(connection: ConnectionState): void {
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const stream of [...connection.blocked]) {
      if (!hasRoom(connection, stream)) continue;
      sendPiece(connection, stream);
      // The next window begins with who was not served by this one.
      connection.blocked.delete(stream);
      if (hasMore(stream)) connection.blocked.add(stream);
      else sendContent(connection, stream);
      hasMoved = true;
    }
  }
}

/** Whether a caller should wait before it writes more. */
export const isFull = ({ writer }: ConnectionState, { queuedBytes, isOver }: StreamState): boolean =>
  !isOver && (queuedBytes > queuedBytesMax || (queuedBytes > 0 && writer.isClogged()));

const hasMore = ({ queue, isEnded, isSent }: StreamState): boolean =>
  queue.length > 0 || (isEnded && !isSent);

/** What has no content needs no room: it only says that no more comes. */
const hasRoom = ({ sendWindowBytes, writer }: ConnectionState, stream: StreamState): boolean =>
  stream.queuedBytes === 0 || (stream.sendWindowBytes > 0 && sendWindowBytes > 0 && !writer.isClogged());

function sendPiece(connection: ConnectionState, stream: StreamState): void {
  const { queue } = stream;
  const [first = nothing] = queue;
  const windowBytes = Math.max(0, Math.min(connection.sendWindowBytes, stream.sendWindowBytes));
  const roomBytes = Math.min(connection.peer.frameBytesMax, windowBytes);
  const piece = first.byteLength > roomBytes ? first.subarray(0, roomBytes) : first;
  if (piece === first) queue.shift();
  else queue[0] = first.subarray(roomBytes);
  stream.queuedBytes -= piece.byteLength;
  stream.sendWindowBytes -= piece.byteLength;
  connection.sendWindowBytes -= piece.byteLength;
  stream.isSent = stream.isEnded && queue.length === 0;
  const flagBits = stream.isSent ? flags.endStream : 0;
  connection.writer.send(frameHead(frameTypes.data, flagBits, stream.id, piece.byteLength), piece);
}

const nothing = Buffer.alloc(0);
