import type { OutgoingHttpHeaders } from "node:http2";
import type { FrameWriter } from "./frame-writer.ts";
import type { HeaderDecoder } from "./hpack/decoder.ts";
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
