import { hash } from "node:crypto";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { type HttpRequest, headerOf } from "../http/http.ts";

export type Credential = { readonly case: "accessToken" | "apiKey"; readonly value: string };

/** The unverified credential of a request, or the error of a missing or malformed one. */
export function credentialOf(request: HttpRequest): Credential | ConnectError {
  const authorization = headerOf(request, "authorization");
  const apiKey = headerOf(request, "x-api-key");
  if (authorization === undefined)
    return apiKey === undefined ? credentialMissing() : { case: "apiKey", value: apiKey };
  if (apiKey !== undefined) return credentialInvalid("send either Authorization or x-api-key, not both");
  const token = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (!token) return credentialInvalid("Authorization must be Bearer and an access token");
  return { case: "accessToken", value: token };
}

/** A key for caches, from which the credential can't be recovered. */
export function fingerprintOf({ case: kind, value }: Credential): string {
  return hash("sha256", `${kind}:${value}`, "base64");
}

const credentialMissing = (): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_MISSING,
    "a credential is required: send Authorization: Bearer <access token> or x-api-key",
  );

export const credentialInvalid = (message: string): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, message);
