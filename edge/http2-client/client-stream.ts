import { constants, type OutgoingHttpHeaders } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { forget, sendReset } from "./end-stream.ts";
import { credit, firstWindowBytes, shrinkWindow } from "./receive-window.ts";
import { begin, isFull, sendContent } from "./send.ts";
import type { ClientStream, StreamListener, StreamState } from "./stream.ts";

/** Begins a stream, or lets it wait until the other end bears one more. Throws TypeError for what must not be in a header. */
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
    isOver: false,
    room: undefined,
  };
  if (connection.streams.size < connection.peer.streamsMax) begin(connection, stream);
  else connection.waiting.add(stream);
  return {
    write(bytes) {
      add(connection, stream, bytes);
      if (!isFull(connection, stream)) return undefined;
      stream.room ??= Promise.withResolvers();
      return stream.room.promise;
    },
    end(bytes) {
      stream.isEnded = true;
      add(connection, stream, bytes);
    },
    credit: (bytes) => credit(connection, stream, bytes),
    cancel() {
      stream.heldBytes = 0;
      if (stream.isOver) shrinkWindow(connection, stream);
      else {
        sendReset(connection, stream, constants.NGHTTP2_CANCEL);
        forget(connection, stream);
      }
    },
  };
}

/** Gives a stream more to send, if there is more, and sends what there is room for. */
function add(connection: ConnectionState, stream: StreamState, bytes: Buffer | undefined): void {
  if (stream.isOver || stream.isSent) return;
  if (bytes && bytes.byteLength > 0) {
    stream.queue.push(bytes);
    stream.queuedBytes += bytes.byteLength;
  }
  if (stream.id > 0) sendContent(connection, stream);
}
