import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request and an answer of either HTTP version. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** Answers a request. */
export type Listener = (request: HttpRequest, response: HttpResponse) => void;

export type Headers = { readonly [name: string]: string | number };

export const isHttp2 = (request: HttpRequest): request is Http2ServerRequest =>
  request.httpVersionMajor === 2;

/** A header's value, several lines joined as HTTP allows. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** Media type without parameters, lower case. */
export function mediaTypeOf(request: HttpRequest): string | undefined {
  return headerOf(request, "content-type")?.split(";")[0]?.trim().toLowerCase() || undefined;
}

/** Whether nobody is there any more to read an answer. */
export const isGone = (response: HttpResponse): boolean =>
  "stream" in response ? (response.stream?.destroyed ?? true) : response.destroyed;
