import { Code, type ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason, retryDelayOf } from "../../services/lib/rpc/errors.ts";
import { isHttpError } from "../errors/http-error.ts";
import { httpHeadersOf, httpStatusOf } from "../errors/http-status.ts";
import { credentialInvalid, credentialMissing } from "../errors/refusals.ts";
import { bearerCredential } from "./bearer-credential.ts";
import type { Dialect, HeaderReader } from "./dialect.ts";
import { encodeWithNulls } from "./encode-nulls.ts";

/**
 * RiverGen's: an envelope around every error, with a code of its own. Its paths are partly those of Sluice's own API, so
 * that it owns none: the port of a request says that it is in this dialect.
 */
export const rivergen: Dialect = {
  name: "rivergen",
  owns: () => false,
  credentialHeaders: ["authorization"],
  credentialOf,
  encodeError(error) {
    const { status, code, message } = refusalOf(error);
    const body = {
      error: { code, message, details: detailsOf(error), timestamp: new Date().toISOString() },
    };
    return {
      status,
      headers: headersOf(error, status),
      contentType: "application/json",
      body: JSON.stringify(body),
    };
  },
  // Contracts have the envelope of a success: each method has a sentence of its own in it.
  encodeMessage: encodeWithNulls,
  successStatus: () => 200,
  redirectsSlashes: true,
};

/** API keys are taken where access tokens are. */
function credentialOf(header: HeaderReader): ReturnType<Dialect["credentialOf"]> {
  const authorization = header("authorization");
  if (authorization === undefined) {
    return credentialMissing("send Authorization: Bearer <access token or API key>");
  }
  const value = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (!value) return credentialInvalid("Authorization must be Bearer and an access token or an API key");
  return bearerCredential(value);
}

function headersOf(error: ConnectError, status: number): Record<string, string> {
  const delayMs = retryDelayOf(error);
  return {
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...httpHeadersOf(error),
    ...(status === 429 && {
      "x-ratelimit-reset": String(Math.ceil((Date.now() + (delayMs ?? 1000)) / 1000)),
    }),
  };
}

type Refusal = { readonly status: number; readonly code: string; readonly message: string };

function refusalOf(error: ConnectError): Refusal {
  // The header of an upload is the form's.
  const message = error.rawMessage.replaceAll(/(^|; )header\./g, "$1");
  // A method that the mesh lacks is a fault of the mesh, unless the operator has switched the endpoint off.
  const isFault = error.code === Code.Unimplemented && error.findDetails(ErrorInfoSchema).length === 0;
  if (isFault && !isHttpError(error)) {
    return { status: 500, code: "INTERNAL_ERROR", message: "internal error" };
  }
  const status = statusOf(error);
  return { status, code: codeOf(error, status), message };
}

const codes: Readonly<Record<number, string>> = {
  401: "AUTH_INVALID",
  403: "PERMISSION_DENIED",
  404: "RESOURCE_NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  409: "CONFLICT",
  413: "REQUEST_ENTITY_TOO_LARGE",
  429: "RATE_LIMIT_EXCEEDED",
  500: "INTERNAL_ERROR",
  501: "NOT_IMPLEMENTED",
  503: "SERVICE_UNAVAILABLE",
};

/** RiverGen has few statuses: others become the most general one of their kind. Those of HTTP alone stay. */
function statusOf(error: ConnectError): number {
  const status = httpStatusOf(error);
  if (status in codes || status === 416 || isHttpError(error)) return status;
  if (status === 412) return 409;
  if (status === 504 || status === 507) return 503;
  if (hasReason(error, ErrorReason.RESOURCE_IN_USE)) return 409;
  return status < 500 ? 400 : 500;
}

function codeOf(error: ConnectError, status: number): string {
  if (status === 401) {
    if (hasReason(error, ErrorReason.CREDENTIAL_MISSING)) return "AUTH_REQUIRED";
    if (error.findDetails(ErrorInfoSchema).some(({ metadata }) => metadata.cause === "expired")) {
      return "AUTH_EXPIRED";
    }
  }
  return codes[status] ?? (status < 500 ? "VALIDATION_ERROR" : "INTERNAL_ERROR");
}

/** The first field that is wrong, and what is wrong with it; or else the reason of the error alone. */
function detailsOf(error: ConnectError): { field: string | null; reason: string | null } {
  const [violation] = error.findDetails(BadRequestSchema).flatMap((one) => one.fieldViolations);
  if (violation) return { field: violation.field.replace(/^header\./, ""), reason: violation.description };
  const [info] = error.findDetails(ErrorInfoSchema);
  return { field: null, reason: info?.reason ?? null };
}
