import type { RawHeaders } from "./raw-headers.ts";

/** Receives a response. The methods are called in this order. */
export type StreamListener = {
  headers(raw: RawHeaders): void;
  /** The server's window stays reduced until these bytes are credited. */
  data(bytes: Buffer): void;
  /** Not called for a response that consists of headers only. */
  trailers(raw: RawHeaders): void;
  /**
   * Called exactly once, after everything else, unless the stream was canceled. `code` is an error code of RFC 9113,
   * section 7: NO_ERROR if the response is complete.
   */
  closed(code: number): void;
};

/** The caller's view of a request and its response. */
export type ClientStream = {
  /** The promise, if there is one, resolves when there is room for more, or the stream is closed. */
  write(bytes: Buffer): Promise<void> | undefined;
  /** Ends the request. */
  end(bytes?: Buffer): void;
  /** Returns flow-control credit for bytes that were consumed. */
  credit(bytes: number): void;
  /** Resets the stream with CANCEL. */
  cancel(): void;
};

/** The connection's view of a request and its response. */
export type StreamState = {
  /** 0 while the stream waits for the server's limit. */
  id: number;
  /** The encoded headers. */
  readonly head: Buffer;
  readonly listener: StreamListener;
  /** Content that was written and not sent. */
  readonly queue: Buffer[];
  queuedBytes: number;
  /** Whether the request was written to its end. */
  isEnded: boolean;
  /** Whether the request was sent to its end. */
  isSent: boolean;
  /** The server's receive window, in bytes. */
  sendWindowBytes: number;
  /** Size of this end's receive window, in bytes. */
  windowBytes: number;
  /** The unused part of it. */
  receiveWindowBytes: number;
  /** Bytes that were received and not credited. */
  heldBytes: number;
  hasHeaders: boolean;
  isClosed: boolean;
  /** Resolves when there is room for more content. */
  room: PromiseWithResolvers<void> | undefined;
};
