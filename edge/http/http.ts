import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request and a response of either HTTP version. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export type Listener = (request: HttpRequest, response: HttpResponse) => void;

export type Headers = { readonly [name: string]: string | number };

export const isHttp2 = (request: HttpRequest): request is Http2ServerRequest =>
  request.httpVersionMajor === 2;

/** The value of a header; several lines are joined by commas. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** The media type without parameters, in lower case. */
export function mediaTypeOf(request: HttpRequest): string | undefined {
  return headerOf(request, "content-type")?.split(";")[0]?.trim().toLowerCase() || undefined;
}

/** Whether the client has gone. */
export const isGone = (response: HttpResponse): boolean =>
  "stream" in response ? (response.stream?.destroyed ?? true) : response.destroyed;
