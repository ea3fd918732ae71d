import type { RawHeaders } from "./raw-headers.ts";

/** What comes back on a stream, in this order. */
export type StreamListener = {
  headers(raw: RawHeaders): void;
  /** The other end may send as much again when these bytes are credited. */
  data(bytes: Buffer): void;
  /** Of a stream without content they are among the headers. */
  trailers(raw: RawHeaders): void;
  /**
   * Comes last, once, and not for a stream that was cancelled. `code` is one of RFC 9113, section 7: NO_ERROR if the other
   * end said all.
   */
  closed(code: number): void;
};

/** A request and its answer, as its caller has it. */
export type ClientStream = {
  /** The promise, if there is one, resolves when there is room for more, or the stream is over. */
  write(bytes: Buffer): Promise<void> | undefined;
  /** No more is written. */
  end(bytes?: Buffer): void;
  /** Says that bytes that came are done with. */
  credit(bytes: number): void;
  /** Tells the other end that nobody waits for the answer. */
  cancel(): void;
};

/** A request and its answer, as the connection has it. */
export type StreamState = {
  /** 0 as long as the other end has as many streams as it bears. */
  id: number;
  /** The headers as they are sent. */
  readonly head: Buffer;
  readonly listener: StreamListener;
  /** What was written and has not been sent. */
  readonly queue: Buffer[];
  queuedBytes: number;
  /** Whether all was written, */
  isEnded: boolean;
  /** and whether it was sent. */
  isSent: boolean;
  /** What the other end takes now, in bytes. */
  sendWindowBytes: number;
  /** What may come before it is read, in bytes, */
  windowBytes: number;
  /** and of that what may come now, */
  receiveWindowBytes: number;
  /** and what came and was not credited. */
  heldBytes: number;
  hasHeaders: boolean;
  isOver: boolean;
  /** Who waits for room. */
  room: PromiseWithResolvers<void> | undefined;
};
