import { constants, type OutgoingHttpHeaders } from "node:http2";
import { removeStream, sendReset } from "./close-stream.ts";
import type { ConnectionState } from "./connection-state.ts";
import { credit, firstWindowBytes, shrinkWindow } from "./receive-window.ts";
import { isFull, sendContent, startStream } from "./send.ts";
import type { ClientStream, StreamListener, StreamState } from "./stream.ts";

/** Opens a stream, or queues it while the server's limit of concurrent streams is reached. Throws TypeError for an invalid header. */
export function openStream(
  connection: ConnectionState,
  headers: OutgoingHttpHeaders,
  listener: StreamListener,
): ClientStream {
  const stream: StreamState = {
    id: 0,
    head: connection.encode(headers),
    listener,
    queue: [],
    queuedBytes: 0,
    isEnded: false,
    isSent: false,
    sendWindowBytes: 0,
    windowBytes: firstWindowBytes,
    receiveWindowBytes: firstWindowBytes,
    heldBytes: 0,
    hasHeaders: false,
    isClosed: false,
    room: undefined,
  };
  if (connection.streams.size < connection.peer.streamsMax) startStream(connection, stream);
  else connection.pending.add(stream);
  return {
    write(bytes) {
      enqueue(connection, stream, bytes);
      if (!isFull(connection, stream)) return undefined;
      stream.room ??= Promise.withResolvers();
      return stream.room.promise;
    },
    end(bytes) {
      stream.isEnded = true;
      enqueue(connection, stream, bytes);
    },
    credit: (bytes) => credit(connection, stream, bytes),
    cancel() {
      stream.heldBytes = 0;
      if (stream.isClosed) shrinkWindow(connection, stream);
      else {
        sendReset(connection, stream, constants.NGHTTP2_CANCEL);
        removeStream(connection, stream);
      }
    },
  };
}

/** Queues content, and sends as much as flow control allows. */
function enqueue(connection: ConnectionState, stream: StreamState, bytes: Buffer | undefined): void {
  if (stream.isClosed || stream.isSent) return;
  if (bytes && bytes.byteLength > 0) {
    stream.queue.push(bytes);
    stream.queuedBytes += bytes.byteLength;
  }
  if (stream.id > 0) sendContent(connection, stream);
}
