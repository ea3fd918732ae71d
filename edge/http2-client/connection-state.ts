import { constants, type OutgoingHttpHeaders } from "node:http2";
import type { FrameWriter } from "./frame-writer.ts";
import { frameTypes, max31Bits, numberFrame } from "./frames.ts";
import type { HeaderDecoder } from "./hpack/decoder.ts";
import { shrinkWindow } from "./receive-window.ts";
import type { StreamState } from "./stream.ts";

/** What both ends of a connection know of each other. */
export type ConnectionState = {
  readonly writer: FrameWriter;
  readonly decoder: HeaderDecoder;
  readonly encode: (headers: OutgoingHttpHeaders) => Buffer;
  readonly streams: Map<number, StreamState>;
  /** Streams that begin when others have ended. */
  readonly waiting: Set<StreamState>;
  /** Streams with content that there is no room for. */
  readonly blocked: Set<StreamState>;
  readonly pings: (() => void)[];
  /** What the other end bears. */
  readonly peer: { streamsMax: number; windowBytes: number; frameBytesMax: number };
  nextId: number;
  /** What the other end takes now of all streams together, in bytes. */
  sendWindowBytes: number;
  /** What may come now of all streams together, in bytes, */
  receiveWindowBytes: number;
  /** and what the windows of streams have grown by. */
  grownBytes: number;
  /** The header block that has begun. */
  block: HeaderBlock | undefined;
  /** Whether the other end has said what it bears. */
  isSettled: boolean;
  /** Whether no more streams begin. */
  isClosing: boolean;
  isOver: boolean;
  /** Called when a stream has left its place. */
  readonly left: () => void;
  /** Called when the other end says that it takes no more streams. */
  readonly goaway: () => void;
};

export type HeaderBlock = {
  readonly streamId: number;
  readonly endsStream: boolean;
  readonly pieces: Buffer[];
  bytes: number;
};

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
