import { Code, ConnectError } from "@connectrpc/connect";

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
