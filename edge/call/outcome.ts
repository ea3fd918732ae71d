import { codeName } from "../../services/lib/telemetry/code-name.ts";
import type { Exchange } from "../http/exchange.ts";

/** Names of google.rpc.Code for answers that are told by their HTTP status alone. */
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
 * What came of a request, once its answer is over, by the name of google.rpc.Code: also where HTTP's status says
 * nothing of it, as after the start of a stream. A caller that went away before the end has cancelled.
 */
export function outcomeOf(exchange: Exchange): string {
  if (exchange.error) return codeName(exchange.error);
  if (!isWhole(exchange)) return "CANCELLED";
  const { statusCode } = exchange.response;
  if (statusCode < 400) return "OK";
  return codesByStatus[statusCode] ?? (statusCode < 500 ? "FAILED_PRECONDITION" : "UNKNOWN");
}

/** Whether the caller got the answer to its end. */
export function isWhole({ response }: Exchange): boolean {
  // Node ends the stream of HTTP/2 itself when the caller resets it.
  if (!response.writableEnded) return false;
  return "stream" in response ? response.stream.writableFinished : response.writableFinished;
}
