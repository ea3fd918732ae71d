import { create, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { httpHeadersOf, httpStatusOf } from "../errors/http-status.ts";
import { usualTypes } from "../errors/usual-types.ts";

/** Names of google.rpc.Code in JSON. */
const nameByCode: Readonly<Record<Code, string>> = {
  [Code.Canceled]: "CANCELLED",
  [Code.Unknown]: "UNKNOWN",
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.NotFound]: "NOT_FOUND",
  [Code.AlreadyExists]: "ALREADY_EXISTS",
  [Code.PermissionDenied]: "PERMISSION_DENIED",
  [Code.ResourceExhausted]: "RESOURCE_EXHAUSTED",
  [Code.FailedPrecondition]: "FAILED_PRECONDITION",
  [Code.Aborted]: "ABORTED",
  [Code.OutOfRange]: "OUT_OF_RANGE",
  [Code.Unimplemented]: "UNIMPLEMENTED",
  [Code.Internal]: "INTERNAL",
  [Code.Unavailable]: "UNAVAILABLE",
  [Code.DataLoss]: "DATA_LOSS",
  [Code.Unauthenticated]: "UNAUTHENTICATED",
};

type GoogleError = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: JsonObject };
};

/** Encodes an error as google.rpc.Status in JSON. */
export function encodeGoogleError(error: ConnectError): GoogleError {
  const status = httpStatusOf(error);
  return {
    status,
    headers: { ...(status === 401 && { "www-authenticate": "Bearer" }), ...httpHeadersOf(error) },
    body: {
      error: {
        code: status,
        status: nameByCode[error.code] ?? nameByCode[Code.Unknown],
        message: error.rawMessage,
        details: error.details.map(detailToJson),
      },
    },
  };
}

/** A detail of an unknown type, or one that is not of its type, keeps its bytes in base64. */
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
