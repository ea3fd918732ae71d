import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { cutToHeaders } from "../../services/lib/mesh/grpc-status.ts";
import { errorDomain } from "../../services/lib/rpc/errors.ts";
import { isHttpError } from "./http-error.ts";

/**
 * How errors reach callers. `guarded`: Internal and Unknown have the request id for a message. `bare`: errors of upstreams
 * are unchanged and those of the edge have no details, for suites that compare whole statuses.
 */
export type ErrorStyle = "guarded" | "bare";

/**
 * The error that a caller is sent for a thrown value, the same in every protocol. Internal texts are logged and not sent.
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
  const replaced = internalError(requestId, code);
  // An error that a service has replaced was logged there.
  if (error.rawMessage !== replaced.rawMessage) logged(error);
  return replaced;
}

const internalError = (requestId: string, code: Code): ConnectError =>
  new ConnectError(`internal error, request id ${requestId}`, code);

function copyOf({ rawMessage, code }: ConnectError, details: ConnectError["details"]): ConnectError {
  const copy = new ConnectError(rawMessage, code);
  copy.details.push(...details);
  return copy;
}

/** Whether an upstream made a detail. The upstreams of suites make no BadRequest. */
function isForeign(detail: ConnectError["details"][number]): boolean {
  const alone = new ConnectError("");
  alone.details.push(detail);
  const isReason = alone.findDetails(ErrorInfoSchema).some(({ domain }) => domain === errorDomain);
  return !isReason && alone.findDetails(BadRequestSchema).length === 0;
}
