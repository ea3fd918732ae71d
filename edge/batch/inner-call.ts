import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Writable } from "node:stream";
import type { Listener } from "../http/http.ts";
import { markInBatch } from "../http/in-batch.ts";

/** A request that comes over no connection. */
export type InnerRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly clientAddress: string | undefined;
};

/** What came of it; undefined if it was broken off. */
export type InnerAnswer = { status: number; headers: OutgoingHttpHeaders; body: string } | undefined;

/** Node keeps the headers of an answer where they can be read once one was set by itself. */
const keeper = "x-kept";

/** Has a request answered as one that came over a connection. */
export function callListener(
  listener: Listener,
  inner: InnerRequest,
): { readonly answered: Promise<InnerAnswer>; breakOff(): void } {
  const socket = createSocket(inner.clientAddress);
  const request = createRequest(inner, socket);
  const response = new ServerResponse(request);
  const pieces = keepPieces(response);
  response.setHeader(keeper, "");
  response.assignSocket(socket);
  // What the other side of a connection would close when it has everything.
  response.once("finish", () => socket.destroy());
  const answered = new Promise<InnerAnswer>((resolve) => {
    response.once("close", () => {
      if (!response.writableFinished) return resolve(undefined);
      const { [keeper]: _, ...headers } = response.getHeaders();
      resolve({ status: response.statusCode, headers, body: Buffer.concat(pieces).toString() });
    });
    listener(request, response);
  });
  return { answered, breakOff: () => socket.destroy() };
}

/**
 * A connection on which nothing is sent: the answer is taken before it gets there. It is never full, since only a
 * server would tell the answer when it takes more.
 */
function createSocket(remoteAddress: string | undefined): Socket {
  const socket = new Writable({
    highWaterMark: Number.MAX_SAFE_INTEGER,
    write: (_chunk, _encoding, done) => done(),
  });
  return Object.assign(socket, { remoteAddress }) as unknown as Socket;
}

function createRequest({ method, path, headers, body }: InnerRequest, socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
  Object.assign(request, { method, url: path, httpVersion: "1.1", httpVersionMajor: 1, httpVersionMinor: 1 });
  request.headers = { ...headers, ...length };
  if (body !== undefined) request.push(body);
  request.push(null);
  request.complete = true;
  markInBatch(request);
  return request;
}

type Write = (chunk?: unknown, ...rest: unknown[]) => unknown;

function keepPieces(response: ServerResponse): Buffer[] {
  const pieces: Buffer[] = [];
  const target = response as unknown as { write: Write; end: Write };
  const kept = (write: Write): Write =>
    function keep(chunk, ...rest) {
      if (typeof chunk === "string" || chunk instanceof Uint8Array) pieces.push(Buffer.from(chunk as string));
      return write.call(response, chunk, ...rest);
    };
  target.write = kept(target.write);
  target.end = kept(target.end);
  return pieces;
}
