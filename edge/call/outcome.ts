import { codeName } from "../../services/lib/telemetry/code-name.ts";
import type { Exchange } from "../http/exchange.ts";

/** google.rpc.Code by HTTP status, for responses without an error. */
const codesByStatus: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  406: "INVALID_ARGUMENT",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  413: "RESOURCE_EXHAUSTED",
  415: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  505: "UNIMPLEMENTED",
};

/**
 * Name of the google.rpc.Code of a request whose exchange is over. An error after the start of a stream counts, which the
 * HTTP status does not show. A caller that left before the end has cancelled.
 */
export function outcomeOf(exchange: Exchange): string {
  if (exchange.error) return codeName(exchange.error);
  if (!isWhole(exchange)) return "CANCELLED";
  const { statusCode } = exchange.response;
  if (statusCode < 400) return "OK";
  return codesByStatus[statusCode] ?? (statusCode < 500 ? "FAILED_PRECONDITION" : "UNKNOWN");
}

/** Whether the whole response was sent. */
export function isWhole({ response }: Exchange): boolean {
  // When the client resets an HTTP/2 stream, Node ends the response.
  if (!response.writableEnded) return false;
  return "stream" in response ? response.stream.writableFinished : response.writableFinished;
}
