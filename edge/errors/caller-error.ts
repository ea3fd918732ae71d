import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { cutToHeaders } from "../../services/lib/mesh/grpc-status.ts";
import { errorDomain } from "../../services/lib/rpc/errors.ts";
import { isHttpError } from "./http-error.ts";

/**
 * How errors reach callers. `guarded`: Internal and Unknown say the request id and nothing else. `bare`: all errors as
 * their upstream spelled them, and those of the edge without details, for suites that compare whole statuses.
 */
export type ErrorStyle = "guarded" | "bare";

/**
 * What the caller gets for something that was thrown, the same in every protocol. Text that was not meant for callers
 * stays in the log.
 */
export function toCallerError(
  error: unknown,
  { requestId, style, logged }: { requestId: string; style: ErrorStyle; logged: (error: unknown) => void },
): ConnectError {
  if (!(error instanceof ConnectError)) {
    logged(error);
    return internalError(requestId, Code.Internal);
  }
  if (isHttpError(error)) return error;
  if (style === "bare") return copyOf(error, error.details.filter(isForeign));
  const code = error.code in Code ? error.code : Code.Unknown;
  if (code !== Code.Internal && code !== Code.Unknown) return cutToHeaders(error);
  const told = internalError(requestId, code);
  // A service of ours has logged it already, and says no more.
  if (error.rawMessage !== told.rawMessage) logged(error);
  return told;
}

const internalError = (requestId: string, code: Code): ConnectError =>
  new ConnectError(`internal error, request id ${requestId}`, code);

function copyOf({ rawMessage, code }: ConnectError, details: ConnectError["details"]): ConnectError {
  const copy = new ConnectError(rawMessage, code);
  copy.details.push(...details);
  return copy;
}

/** Whether a detail is an upstream's: that of no suite names wrong fields. */
function isForeign(detail: ConnectError["details"][number]): boolean {
  const alone = new ConnectError("");
  alone.details.push(detail);
  const isReason = alone.findDetails(ErrorInfoSchema).some(({ domain }) => domain === errorDomain);
  return !isReason && alone.findDetails(BadRequestSchema).length === 0;
}
