import type { ServerResponse } from "node:http";
import { constants } from "node:http2";
import { type HttpRequest, type HttpResponse, headerOf, isHttp2 } from "./http.ts";

/** How long the rest of a body that was not wanted may still come, in milliseconds. */
const lingerMs = 2_000;

type End = (chunk?: unknown, ...rest: unknown[]) => unknown;

/**
 * Lets an answer that comes before the end of the request's body reach its reader: a connection that is closed while
 * bytes are on their way is reset, and the answer is lost with it.
 */
export function lingerForBody(request: HttpRequest, response: HttpResponse): void {
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

/** Whether the connection stays open behind the answer, so that nothing resets it. */
const keepsAlive = (request: HttpRequest, response: HttpResponse): boolean =>
  (response as ServerResponse).shouldKeepAlive &&
  String(response.getHeader("connection")).toLowerCase() !== "close" &&
  request.httpVersion !== "1.0";

/** Reads on to where the next request begins, for a while. */
function discardBody(request: HttpRequest): void {
  const { socket } = request;
  const timer = setTimeout(() => socket.destroySoon(), lingerMs);
  request.once("close", () => clearTimeout(timer));
  request.removeAllListeners("readable");
  request.resume();
}

/**
 * Waits until a body that is not wanted has come, for a while. A client that is answered while it sends one message may
 * break off, and not see the answer for its own error.
 */
export async function awaitBody(request: HttpRequest): Promise<void> {
  if (request.complete || request.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => come(), lingerMs);
    const come = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once("end", come);
    request.once("close", come);
    request.resume();
  });
}

function endAfterBody(request: HttpRequest, end: () => void): void {
  const timer = setTimeout(() => {
    end();
    request.socket.destroySoon();
  }, lingerMs);
  request.once("close", () => clearTimeout(timer));
  request.once("end", () => {
    clearTimeout(timer);
    end();
  });
  // Whoever read the body has left his listener behind, which would hold it back.
  request.removeAllListeners("readable");
  request.resume();
}
