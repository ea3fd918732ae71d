import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import { type HttpRequest, type HttpResponse, headerOf, isHttp2 } from "./http.ts";

/** How long the rest of a body is read and discarded, in milliseconds. */
const discardMs = 2_000;

type End = (chunk?: unknown, ...rest: unknown[]) => unknown;

/**
 * Keeps reading the body behind a response that is sent before its end. Closing a connection with unread bytes resets
 * it, and the client loses the response.
 */
export function enableLingeringClose(request: HttpRequest, response: HttpResponse): void {
  if (isHttp2(request)) {
    response.once("finish", () => {
      if (!request.complete && "stream" in response) response.stream.close(constants.NGHTTP2_NO_ERROR);
    });
  } else if (hasBody(request)) {
    const target = response as { end: End; write: End; flushHeaders(): void };
    const end = target.end;
    target.end = (chunk, ...rest) => {
      if (request.complete || request.destroyed) return end.call(response, chunk, ...rest);
      if (keepsAlive(request, response)) {
        discardBody(request);
        return end.call(response, chunk, ...rest);
      }
      if (chunk === undefined) target.flushHeaders();
      else target.write(chunk);
      endAfterBody(request, () => end.call(response));
      return response;
    };
  }
}

const hasBody = (request: HttpRequest): boolean =>
  headerOf(request, "transfer-encoding") !== undefined ||
  Number(headerOf(request, "content-length") ?? 0) > 0;

/** Whether the connection stays open after the response, so that nothing resets it. */
const keepsAlive = (request: HttpRequest, response: HttpResponse): boolean =>
  (response as ServerResponse).shouldKeepAlive &&
  String(response.getHeader("connection")).toLowerCase() !== "close" &&
  request.httpVersion !== "1.0";

/** Reads up to the next request, for a limited time. */
function discardBody(request: HttpRequest): void {
  const { socket } = request;
  const timer = setTimeout(() => socket.destroySoon(), discardMs);
  request.once("close", () => clearTimeout(timer));
  request.removeAllListeners("readable");
  request.resume();
}

/**
 * Discards a body up to its end, for a limited time. Clients that get a response while they send can fail before they
 * read it.
 */
export async function drainBody(request: HttpRequest): Promise<void> {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => done(), discardMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once("end", done);
    request.once("close", done);
    request.resume();
  });
}

function endAfterBody(request: HttpRequest, end: () => void): void {
  const timer = setTimeout(() => {
    end();
    request.socket.destroySoon();
  }, discardMs);
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => {
    clearTimeout(timer);
    end();
  });
  // A listener of an earlier reader would keep the body from flowing.
  request.removeAllListeners("readable");
  request.resume();
}
