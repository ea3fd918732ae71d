import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { databaseFailure } from "../database/database-failure.ts";
import type { Logger } from "../telemetry/log.ts";

/**
 * Maps a thrown value to the error for the caller. Only the text of a `ConnectError` is meant for callers. Everything else is
 * logged, and the caller gets the request id.
 */
export function toConnectError(error: unknown, context: HandlerContext, log: Logger): ConnectError {
  if (error instanceof ConnectError && error.code !== Code.Internal && error.code !== Code.Unknown)
    return error;
  if (context.signal.aborted) return interrupted(context);
  const known = databaseFailure(error);
  if (known) {
    log.warn({ err: error, method: context.method.name }, "the database failed a call");
    return known;
  }
  const requestId = context.requestHeader.get("x-request-id") ?? "";
  log.error(
    { err: error, method: `${context.service.typeName}/${context.method.name}`, requestId },
    "call failed",
  );
  return new ConnectError(`internal error, request id ${requestId}`, Code.Internal);
}

function interrupted(context: HandlerContext): ConnectError {
  const { reason } = context.signal;
  if (reason instanceof ConnectError) return new ConnectError(reason.rawMessage, reason.code);
  return (context.timeoutMs() ?? 1) <= 0
    ? new ConnectError("the deadline passed", Code.DeadlineExceeded)
    : new ConnectError("the call was cancelled", Code.Canceled);
}
