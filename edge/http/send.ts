import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import type { Writable } from "node:stream";
import type { ConnectError } from "@connectrpc/connect";
import type { Exchange } from "./exchange.ts";
import type { Headers } from "./http.ts";
import { requestedOf } from "./requested.ts";
import { endWith, writeChunk } from "./write-chunk.ts";

export const jsonType = "application/json";

/** Sends a whole response at once. */
export function sendWhole(
  exchange: Exchange,
  status: number,
  headers: Headers,
  body: string | Uint8Array,
): void {
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  const hasNoBody = status === 204 || status === 304;
  sendHead(exchange, status, hasNoBody ? headers : { "content-length": length, ...headers });
  if (exchange.headOnly || hasNoBody) exchange.response.end();
  else endWith(exchange.response, body);
}

export function sendHead({ response, requestId }: Exchange, status: number, headers: Headers): void {
  const vary = [response.getHeader("vary"), headers.vary].filter((names) => names !== undefined);
  (response as ServerResponse).writeHead(status, {
    // Stored files have the origin of the API: a browser must not take one of them for a page.
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    ...headers,
    ...(vary.length > 0 && { vary: vary.join(", ") }),
  });
}

/** Adds a request header to Vary, also of a response that is sent later. */
export function addVary({ response }: Exchange, name: string): void {
  const before = response.getHeader("vary");
  response.setHeader("vary", before === undefined ? name : `${before}, ${name}`);
}

/** Sends status and headers before the first byte of the body. */
export function flushHead({ response }: Exchange): void {
  // Both HTTP versions have the method; the types of HTTP/2 leave it out.
  (response as ServerResponse).flushHeaders();
}

/** Writes a chunk to the response, or to a stream that leads there, and waits until the reader has room again. */
export async function sendChunk(
  exchange: Exchange,
  chunk: string | Uint8Array,
  writable = exchange.response as unknown as Writable,
): Promise<void> {
  exchange.signal.throwIfAborted();
  await writeChunk(writable, chunk);
  await exchange.reads?.spend(chunk.length);
}

/** Sends an error as the dialect of the path writes it. */
export function sendError(exchange: Exchange, error: ConnectError): void {
  const { status, headers, contentType, body } = exchange.dialect.encodeError(error, requestedOf(exchange));
  sendWhole(exchange, status, { "content-type": contentType, ...headers }, body);
}

/** Ends a response so that its reader sees that it is incomplete. */
export function breakOff({ response }: Pick<Exchange, "response">): void {
  if ("stream" in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}
