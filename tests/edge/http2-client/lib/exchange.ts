import type { OutgoingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { connectHttp2, type Http2Connection } from "../../../../edge/http2-client/connection.ts";
import type { RawHeaders } from "../../../../edge/http2-client/raw-headers.ts";
import type { ClientStream } from "../../../../edge/http2-client/stream.ts";

/** A connection to a server on this machine, with its events. */
export type TestConnection = Disposable & {
  readonly http2: Http2Connection;
  /** Resolves when the server has sent GOAWAY. */
  readonly goaway: Promise<void>;
  /** Resolves when the connection is closed. */
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

/** The whole response of a request. */
type RawResponse = {
  headers: RawHeaders;
  body: Buffer;
  trailers: RawHeaders;
  code: number;
};

export type Exchange = {
  readonly stream: ClientStream;
  /** Resolves to the received headers. */
  readonly headers: Promise<RawHeaders>;
  /** Bytes received so far. */
  received(): number;
  /** Resolves when the stream is closed. */
  readonly answer: Promise<RawResponse>;
};

/** Starts a request. Received bytes are credited to the flow-control window at once, unless `holds` is set. */
export function request(
  http2: Http2Connection,
  headers: OutgoingHttpHeaders = {},
  { holds = false }: { holds?: boolean } = {},
): Exchange {
  const begun = Promise.withResolvers<RawHeaders>();
  const over = Promise.withResolvers<RawResponse>();
  const chunks: Buffer[] = [];
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
      data(chunk) {
        chunks.push(chunk);
        received += chunk.byteLength;
        if (!holds) stream?.credit(chunk.byteLength);
      },
      trailers(raw) {
        last = raw;
      },
      closed: (code) => over.resolve({ headers: head, body: Buffer.concat(chunks), trailers: last, code }),
    },
  );
  if (!stream) throw new Error("the connection takes no requests");
  return { stream, headers: begun.promise, received: () => received, answer: over.promise };
}
