import type { OutgoingHttpHeaders } from "node:http2";
import type { FrameWriter } from "./frame-writer.ts";
import type { HeaderDecoder } from "./hpack/decoder.ts";
import type { StreamState } from "./stream.ts";

/** State of the client's end of a connection. */
export type ConnectionState = {
  readonly writer: FrameWriter;
  readonly decoder: HeaderDecoder;
  readonly encode: (headers: OutgoingHttpHeaders) => Buffer;
  readonly streams: Map<number, StreamState>;
  /** Streams that wait for the server's limit of concurrent streams. */
  readonly pending: Set<StreamState>;
  /** Streams with content that flow control holds back. */
  readonly blocked: Set<StreamState>;
  readonly pings: (() => void)[];
  /** The server's settings. */
  readonly peer: { streamsMax: number; windowBytes: number; frameBytesMax: number };
  nextId: number;
  /** The server's receive window of the connection, in bytes. */
  sendWindowBytes: number;
  /** This end's receive window of the connection, in bytes. */
  receiveWindowBytes: number;
  /** Total growth of the receive windows of streams, in bytes. */
  grownBytes: number;
  /** The header block that waits for its CONTINUATION frames. */
  block: HeaderBlock | undefined;
  /** Whether the server's first SETTINGS frame has come. */
  hasPeerSettings: boolean;
  /** Whether no new streams are opened. */
  isClosing: boolean;
  isClosed: boolean;
  /** Called when a stream is closed. */
  readonly streamClosed: () => void;
  /** Called when the server accepts no new streams. */
  readonly goaway: () => void;
};

export type HeaderBlock = {
  readonly streamId: number;
  readonly endsStream: boolean;
  readonly chunks: Buffer[];
  bytes: number;
};
