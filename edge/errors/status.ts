import { create, getOption, hasOption, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { type Any, AnySchema, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReasonSchema } from "../../gen/sluice/common/v1/errors_pb.ts";
import { http_headers, http_status } from "../../gen/sluice/common/v1/options_pb.ts";
import { isHttpError } from "./http-error.ts";
import { usualTypes } from "./usual-types.ts";

/** google.rpc.Code: its name in JSON and its HTTP status. */
const codes: Readonly<Record<Code, readonly [name: string, httpStatus: number]>> = {
  [Code.Canceled]: ["CANCELLED", 499],
  [Code.Unknown]: ["UNKNOWN", 500],
  [Code.InvalidArgument]: ["INVALID_ARGUMENT", 400],
  [Code.DeadlineExceeded]: ["DEADLINE_EXCEEDED", 504],
  [Code.NotFound]: ["NOT_FOUND", 404],
  [Code.AlreadyExists]: ["ALREADY_EXISTS", 409],
  [Code.PermissionDenied]: ["PERMISSION_DENIED", 403],
  [Code.ResourceExhausted]: ["RESOURCE_EXHAUSTED", 429],
  [Code.FailedPrecondition]: ["FAILED_PRECONDITION", 400],
  [Code.Aborted]: ["ABORTED", 409],
  [Code.OutOfRange]: ["OUT_OF_RANGE", 400],
  [Code.Unimplemented]: ["UNIMPLEMENTED", 501],
  [Code.Internal]: ["INTERNAL", 500],
  [Code.Unavailable]: ["UNAVAILABLE", 503],
  [Code.DataLoss]: ["DATA_LOSS", 500],
  [Code.Unauthenticated]: ["UNAUTHENTICATED", 401],
};

/** An error as REST spells it. */
export type ErrorAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: JsonObject };
};

/** Spells an error as google.rpc.Status JSON with the HTTP status of its reason, or else of its code. */
export function toErrorAnswer(error: ConnectError): ErrorAnswer {
  const [name, codeStatus] = codes[error.code] ?? codes[Code.Unknown];
  const status = isHttpError(error) ? error.http.status : (statusOfReason(error) ?? codeStatus);
  return {
    status,
    headers: {
      ...(status === 401 && { "www-authenticate": "Bearer" }),
      ...retryAfter(error),
      ...headersOfReason(error),
      ...(isHttpError(error) && error.http.headers),
    },
    body: {
      error: {
        code: status,
        status: name,
        message: error.rawMessage,
        details: error.details.map(detailToJson),
      },
    },
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

/** When to try again, in whole seconds, as HTTP says it. */
export function retryAfter(error: ConnectError): { "retry-after"?: string } {
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay ? { "retry-after": String(Math.max(1, Math.ceil(durationMs(delay) / 1000))) } : {};
}

/** A detail whose type is not known here, or that is not of its type, keeps its bytes, in base64. */
function detailToJson(detail: ConnectError["details"][number]): JsonObject {
  const any = anyOf(detail);
  try {
    return toJson(AnySchema, any, { registry: usualTypes }) as JsonObject;
  } catch {
    return { "@type": any.typeUrl, value: Buffer.from(any.value).toString("base64") };
  }
}

function anyOf(detail: ConnectError["details"][number]): Any {
  const [type, value] =
    "desc" in detail
      ? [detail.desc.typeName, toBinary(detail.desc, create(detail.desc, detail.value))]
      : [detail.type, detail.value];
  return create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value });
}
