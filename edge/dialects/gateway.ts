import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../services/lib/rpc/errors.ts";
import { isHttpError } from "../errors/http-error.ts";
import { httpHeadersOf, httpStatusOf } from "../errors/http-status.ts";
import { credentialInvalid, credentialMissing } from "../errors/refusals.ts";
import type { Dialect, HeaderReader } from "./dialect.ts";
import { encodeWithNulls } from "./encode-nulls.ts";

/**
 * The JWT gateway's: `{"detail": "…"}` for every error, 422 for what can't be read, an access token as the only
 * credential. Its clients compare texts, so these have its words and capitals.
 */
export const gateway: Dialect = {
  name: "gateway",
  owns: (path) => path === "/api_v1" || path.startsWith("/api_v1/"),
  credentialHeaders: ["authorization"],
  credentialOf,
  encodeError(error) {
    const { status, detail } = refusalOf(error);
    return {
      status,
      headers: httpHeadersOf(error),
      contentType: "application/json",
      body: JSON.stringify({ detail }),
    };
  },
  encodeMessage: encodeWithNulls,
  successStatus: () => 200,
  ignoresUnknown: true,
  redirectsSlashes: true,
};

/** API keys are taken where access tokens are. Refresh tokens are not. */
function credentialOf(header: HeaderReader): ReturnType<Dialect["credentialOf"]> {
  const authorization = header("authorization");
  if (authorization === undefined) return credentialMissing("send Authorization: Bearer <access token>");
  const value = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (!value) return credentialInvalid("Bad Authorization header. Expected value 'Bearer <JWT>'");
  if (value.startsWith("rt_")) return credentialInvalid("Only access tokens are allowed");
  return { case: value.startsWith("sk_") ? "apiKey" : "accessToken", value };
}

type Refusal = { readonly status: number; readonly detail: string };

const unavailable: Refusal = { status: 503, detail: "Service is unavailable" };
const broken: Refusal = { status: 500, detail: "Service error" };

function refusalOf(error: ConnectError): Refusal {
  const status = httpStatusOf(error);
  const detail = error.rawMessage;
  if (status === 405) return { status, detail: "Method Not Allowed" };
  if (hasReason(error, ErrorReason.METHOD_UNKNOWN)) return { status: 404, detail: "Not Found" };
  if (hasReason(error, ErrorReason.CREDENTIAL_MISSING)) {
    return { status: 401, detail: "Missing Authorization Header" };
  }
  // The edge's own errors with a status of HTTP, such as 408 and 414; a media type that can't be read is bad input.
  if (isHttpError(error)) return { status: status === 415 ? 422 : status, detail };
  switch (error.code) {
    case Code.InvalidArgument:
    case Code.OutOfRange:
    case Code.Unauthenticated:
      return { status: 422, detail };
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return unavailable;
    case Code.Internal:
    case Code.Unknown:
    case Code.DataLoss:
    case Code.Unimplemented:
      return broken;
    default:
      return { status, detail };
  }
}
