import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, notFound } from "../lib/rpc/errors.ts";
import type { Destination } from "./destinations.ts";

export const userNotFound = (userId: string): ConnectError => notFound("user", userId);
export const orgNotFound = (orgId: string): ConnectError => notFound("org", orgId);
export const apiKeyNotFound = (apiKeyId: string): ConnectError => notFound("api_key", apiKeyId);
export const secretNotFound = (name: string): ConnectError => notFound("secret", name);

/** For secrets that another service resolves. */
export const secretMissing = (name: string): ConnectError =>
  failure(Code.NotFound, ErrorReason.SECRET_NOT_FOUND, `there is no secret ${name}`, { secret: name });

/** The message does not reveal the destinations of the secret. */
export function secretNotAllowed(name: string, { connector, host, port }: Destination): ConnectError {
  const path = `/api/v1/secrets/${encodeURIComponent(name)}`;
  return failure(
    Code.FailedPrecondition,
    ErrorReason.SECRET_NOT_ALLOWED,
    `secret ${JSON.stringify(name)} may not be sent to ${connector} at ${host} port ${port}: name that among its ` +
      `destinations, with its value by PUT ${path}, or as an administrator without it by PATCH ${path}`,
    { secret: name, connector, host, port: String(port) },
  );
}

export const orgNameTaken = (name: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `an organisation named ${name} exists already`, {
    org: name,
  });

export const emailTaken = (email: string): ConnectError =>
  failure(
    Code.AlreadyExists,
    ErrorReason.RESOURCE_EXISTS,
    `a user with e-mail address ${email} exists already`,
    {
      email,
    },
  );

export const roleNotGrantable = (role: string): ConnectError =>
  failure(Code.PermissionDenied, ErrorReason.PERMISSION_MISSING, `role ${role} is not yours to give`, {
    role,
  });

export const apiKeyNotYours = (apiKeyId: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `permission users.write is required to revoke api_key ${apiKeyId}, which is another user's`,
    { permission: "users.write" },
  );

export const lastAdmin = (userId: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.LAST_ADMIN,
    `user ${userId} is the organisation's last active administrator`,
    { user: userId },
  );

export const lastPlatformAdmin = (userId: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.LAST_ADMIN,
    `user ${userId} is the installation's platform administrator and has to stay one`,
    { user: userId },
  );

/** One message for all invalid credentials, so that it reveals nothing. */
export const credentialInvalid = (): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_INVALID,
    "the credential is unknown, malformed, expired or revoked",
  );

/** `of` is `account` or `address`. */
export const loginAttemptsExceeded = (of: string, limit: number, retryAfterSeconds: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.LOGIN_ATTEMPTS_EXCEEDED,
    `more than ${limit} failed logins of this ${of} within 15 minutes: wait ${retryAfterSeconds} s`,
    { of, limit: String(limit), retryAfterSeconds: String(retryAfterSeconds) },
  );
