import { toJson } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../services/lib/rpc/errors.ts";
import { typesOf } from "../errors/common-types.ts";
import { isHttpError } from "../errors/http-error.ts";
import { httpHeadersOf, httpStatusOf } from "../errors/http-status.ts";
import { credentialInvalid, credentialMissing } from "../errors/refusals.ts";
import { cdapFeatureOf } from "./cdap-features.ts";
import type { Dialect, HeaderReader, Requested } from "./dialect.ts";

const textType = "text/plain; charset=utf-8";
const tokenPath = "/token";
const realm = "cdap";

/**
 * CDAP's: the bare message as text for every error but a missing or wrong token, which is JSON with the addresses where to
 * get one. Its clients compare texts, so these have its words and capitals.
 */
export const cdap: Dialect = {
  name: "cdap",
  owns: (path) => path === tokenPath || path === "/v3" || /^\/(v3|token)\//.test(path),
  credentialHeaders: ["authorization"],
  credentialOf,
  encodeError(error, request) {
    if (httpStatusOf(error) === 401) return unauthenticated(error, request);
    const { status, text } = refusalOf(error, request);
    return { status, headers: httpHeadersOf(error), contentType: textType, body: text };
  },
  // Empty text, lists and maps are written, and what is unset is left out.
  encodeMessage: (desc, message) =>
    toJson(desc, message, { alwaysEmitImplicit: true, registry: typesOf(desc.file) }),
  successStatus: () => 200,
  ignoresUnknown: true,
  redirectsSlashes: true,
};

/** API keys are taken where access tokens are. */
function credentialOf(header: HeaderReader): ReturnType<Dialect["credentialOf"]> {
  const authorization = header("authorization");
  if (authorization === undefined) return credentialMissing("send Authorization: Bearer <access token>");
  const value = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (!value) return credentialInvalid("Authorization must be Bearer and an access token");
  return { case: value.startsWith("sk_") ? "apiKey" : "accessToken", value };
}

function unauthenticated(
  error: ConnectError,
  request: Requested | undefined,
): ReturnType<Dialect["encodeError"]> {
  const { rawMessage } = error;
  if (pathOf(request) === tokenPath) {
    const headers = { ...httpHeadersOf(error), "www-authenticate": `Basic realm="${realm}"` };
    return { status: 401, headers, contentType: textType, body: rawMessage };
  }
  const isMissing = hasReason(error, ErrorReason.CREDENTIAL_MISSING);
  const description = rawMessage.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
  const challenge = isMissing ? "" : ` error="invalid_token" error_description="${description}"`;
  return {
    status: 401,
    headers: { ...httpHeadersOf(error), "www-authenticate": `Bearer realm="${realm}"${challenge}` },
    contentType: "application/json;charset=UTF-8",
    body: JSON.stringify({
      ...(!isMissing && { error: "invalid_token", error_description: rawMessage }),
      auth_uri: [`${request?.origin ?? ""}${tokenPath}`],
    }),
  };
}

type Refusal = { readonly status: number; readonly text: string };

function refusalOf(error: ConnectError, request: Requested | undefined): Refusal {
  const status = httpStatusOf(error);
  if (status === 405) return { status, text: problemAccessing(request, "Method Not Allowed") };
  if (hasReason(error, ErrorReason.METHOD_UNKNOWN)) {
    const feature = cdapFeatureOf(pathOf(request));
    if (feature !== undefined) return { status: 501, text: `Feature '${feature}' is not enabled.` };
    return { status: 404, text: problemAccessing(request, "Not Found") };
  }
  if (isHttpError(error)) return { status: knownStatus(status), text: error.rawMessage };
  switch (error.code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
      return unavailable;
    // A method that the mesh lacks is a fault of the mesh.
    case Code.Unimplemented:
    case Code.DataLoss:
      return { status: 500, text: "internal error" };
    default:
      return { status: knownStatus(status), text: error.rawMessage };
  }
}

const unavailable: Refusal = {
  status: 503,
  text: "Service 'sluice' is not available. Please wait until it is up and running.",
};

const problemAccessing = (request: Requested | undefined, reason: string): string =>
  `Problem accessing: ${request?.target ?? ""}. Reason: ${reason}`;

const pathOf = (request: Requested | undefined): string => request?.target.split("?", 1)[0] ?? "";

const statuses = [400, 403, 404, 409, 413, 429, 500, 501, 503];

/** CDAP has few statuses: others become the most general one of their kind. */
function knownStatus(status: number): number {
  if (statuses.includes(status)) return status;
  if (status === 412) return 409;
  return status < 500 ? 400 : 500;
}
