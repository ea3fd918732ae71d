import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { duplexPair } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Listener } from "../http/http.ts";
import { markInBatch } from "../http/in-batch.ts";

/** The largest head of an inner request or response: their senders limit them, and the edge limits requests again. */
const headBytesMax = 8 * 1024 * 1024;

/** One call of a batch as an HTTP request. */
type InnerRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | undefined;
  readonly clientAddress: string | undefined;
};

/** Undefined if the response was broken off. */
export type InnerResponse = { status: number; headers: IncomingHttpHeaders; body: string } | undefined;

/** Sends the calls of batches to the edge's own listener. */
export type InnerServer = {
  send(inner: InnerRequest): { readonly responded: Promise<InnerResponse>; cancel(): void };
};

/**
 * Makes each call of a batch over a connection in memory, so that Node's HTTP parser creates its request and response, and
 * protocols, limits and logs of the edge work as on a socket.
 */
export function createInnerServer(listener: () => Listener): InnerServer {
  const server = createServer({ maxHeaderSize: headBytesMax }, (received, response) => {
    markInBatch(received);
    listener()(received, response);
  });
  // The number of headers is limited where they are read.
  server.maxHeadersCount = 0;
  return {
    send({ method, path, headers, body, clientAddress }) {
      const [near, far] = duplexPair();
      // Closing one side does not close the other.
      near.once("close", () => far.destroy());
      far.once("close", () => near.destroy());
      server.emit("connection", Object.assign(far, { remoteAddress: clientAddress }));
      const outgoing = request({
        createConnection: () => near,
        maxHeaderSize: headBytesMax,
        method,
        path,
        // Without a length, Node sends the body of a GET or DELETE unframed, as if it were the next request.
        headers: body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
      });
      outgoing.end(body);
      return { responded: responseTo(outgoing), cancel: () => outgoing.destroy() };
    },
  };
}

function responseTo(outgoing: ReturnType<typeof request>): Promise<InnerResponse> {
  return new Promise((resolve) => {
    outgoing.once("error", () => resolve(undefined));
    outgoing.once("response", async (response) => {
      const { statusCode: status = 0, headers } = response;
      const bytes = await buffer(response).catch(() => undefined);
      resolve(bytes && { status, headers, body: bytes.toString() });
    });
  });
}
