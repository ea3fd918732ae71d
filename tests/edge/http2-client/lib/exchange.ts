import type { OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { connectHttp2, type Http2Connection } from "../../../../edge/http2-client/connection.ts";
import type { RawHeaders } from "../../../../edge/http2-client/raw-headers.ts";
import type { ClientStream } from "../../../../edge/http2-client/stream.ts";

/** A connection to a server at a port, with what it said of itself. */
export type TestConnection = Disposable & {
  readonly http2: Http2Connection;
  /** Resolves when the server takes no more requests. */
  readonly goaway: Promise<void>;
  /** Resolves when the connection is no more. */
  readonly closed: Promise<void>;
};

export function connectTo(port: number): TestConnection {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const goaway = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const http2 = connectHttp2({
    socket,
    authority: `127.0.0.1:${port}`,
    goaway: goaway.resolve,
    closed: closed.resolve,
  });
  return {
    http2,
    goaway: goaway.promise,
    closed: closed.promise,
    [Symbol.dispose]: () => http2.destroy(),
  };
}

/** All that came back of a request. */
type RawResponse = {
  headers: RawHeaders;
  body: Buffer;
  trailers: RawHeaders;
  code: number;
};

export type Exchange = {
  readonly stream: ClientStream;
  /** Resolves when the headers have come. */
  readonly headers: Promise<RawHeaders>;
  /** Bytes that have come so far. */
  received(): number;
  /** Resolves when the stream is over. */
  readonly answer: Promise<RawResponse>;
};

/** Begins a request whose answer is credited as it comes, unless it `holds` what comes. */
export function request(
  http2: Http2Connection,
  headers: OutgoingHttpHeaders = {},
  { holds = false }: { holds?: boolean } = {},
): Exchange {
  const begun = Promise.withResolvers<RawHeaders>();
  const over = Promise.withResolvers<RawResponse>();
  const pieces: Buffer[] = [];
  let received = 0;
  let head: RawHeaders = [];
  let last: RawHeaders = [];
  const stream = http2.open(
    { ":method": "POST", ":path": "/", ...headers },
    {
      headers(raw) {
        head = raw;
        begun.resolve(raw);
      },
      data(piece) {
        pieces.push(piece);
        received += piece.byteLength;
        if (!holds) stream?.credit(piece.byteLength);
      },
      trailers(raw) {
        last = raw;
      },
      closed: (code) => over.resolve({ headers: head, body: Buffer.concat(pieces), trailers: last, code }),
    },
  );
  if (!stream) throw new Error("the connection takes no requests");
  return { stream, headers: begun.promise, received: () => received, answer: over.promise };
}
