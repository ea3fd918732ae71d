import { Code, ConnectError } from "@connectrpc/connect";
import { isHttpError } from "./rest/http-error.ts";

/** An error fit to pass on. Headers of the upstream in it would overwrite those of the answer. */
export function relayed(error: unknown): unknown {
  if (!(error instanceof ConnectError) || isHttpError(error)) return error;
  const { rawMessage, code, details } = error;
  const copy = new ConnectError(rawMessage, code);
  copy.details.push(...details);
  return copy;
}

/** What the caller gets for something that was thrown. Text that was not meant for callers stays in the log. */
export function toCallerError(
  error: unknown,
  requestId: string,
  logged: (error: unknown) => void,
): ConnectError {
  if (error instanceof ConnectError) return error;
  logged(error);
  return new ConnectError(`internal error, request id ${requestId}`, Code.Internal);
}
