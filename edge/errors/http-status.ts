import { getOption, hasOption } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReasonSchema } from "../../gen/sluice/common/v1/errors_pb.ts";
import { http_headers, http_status } from "../../gen/sluice/common/v1/options_pb.ts";
import { isHttpError } from "./http-error.ts";

/** HTTP status of each google.rpc.Code. */
const statusByCode: Readonly<Record<Code, number>> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

/** The HTTP status of an error: its own, or its reason's, or its code's. */
export function httpStatusOf(error: ConnectError): number {
  if (isHttpError(error)) return error.http.status;
  return statusOfReason(error) ?? statusByCode[error.code] ?? statusByCode[Code.Unknown];
}

/** Headers that belong to an error in every dialect: `retry-after`, `allow`, and those of its reason. */
export function httpHeadersOf(error: ConnectError): Readonly<Record<string, string>> {
  return {
    ...retryAfter(error),
    ...headersOfReason(error),
    ...(isHttpError(error) && error.http.headers),
  };
}

function reasonOf(error: ConnectError) {
  const [info] = error.findDetails(ErrorInfoSchema);
  const value = ErrorReasonSchema.values.find(({ localName }) => localName === info?.reason);
  return info && value && { info, value };
}

function statusOfReason(error: ConnectError): number | undefined {
  const { value } = reasonOf(error) ?? {};
  return value && hasOption(value, http_status) ? getOption(value, http_status) : undefined;
}

function headersOfReason(error: ConnectError): Record<string, string> {
  const { info, value } = reasonOf(error) ?? {};
  const names = info && value && hasOption(value, http_headers) ? getOption(value, http_headers) : [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = info?.metadata[name];
      return text !== undefined && /^[\x20-\x7e]*$/.test(text) ? [[name, text]] : [];
    }),
  );
}

/** The `retry-after` header of an error with RetryInfo, in whole seconds, at least one. */
export function retryAfter(error: ConnectError): { "retry-after"?: string } {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay ? { "retry-after": String(Math.max(1, Math.ceil(durationMs(delay) / 1000))) } : {};
}
