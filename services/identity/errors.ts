import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, notFound, withField } from "../lib/rpc/errors.ts";
import type { Destination } from "./destinations.ts";

export const userNotFound = (userId: string): ConnectError => notFound("user", userId);
export const orgNotFound = (orgId: string): ConnectError => notFound("org", orgId);
export const apiKeyNotFound = (apiKeyId: string): ConnectError => notFound("api_key", apiKeyId);
export const secretNotFound = (name: string): ConnectError => notFound("secret", name);

export const externalIdNotFound = (externalId: string): ConnectError => notFound("external_id", externalId);

/** `header` is the one that names the unknown. */
export const delegateUnknown = (header: "X-Org-ID" | "X-User-ID", problem: string): ConnectError =>
  failure(Code.PermissionDenied, ErrorReason.DELEGATE_UNKNOWN, `${header}: ${problem}`, { header });

export const notForDelegates = (what: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `${what} can't be made by a delegated call: it would outlive the delegation`,
  );

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

export const groupNotGrantable = (group: string, role: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `group ${JSON.stringify(group)} gives the role ${role}, which is not yours to give`,
    { group, role },
  );

/** `limit` is what the caller, or the key itself, allows at most. */
export const keyRightsExceeded = (field: string, limit: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.KEY_RIGHTS_EXCEEDED,
    `api_key.${field} exceeds its limit: ${limit}`,
    { field: `api_key.${field}`, limit },
  );

export const keyOfSecretFile = (apiKeyId: string, secretFile: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `api_key ${apiKeyId} is of the secret file ${secretFile}: remove that from SERVICE_PRINCIPALS, or change the file`,
    { secretFile },
  );

export const apiKeyNotYours = (apiKeyId: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `permission users.write is required for api_key ${apiKeyId}, which is another user's`,
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
export const credentialInvalid = (metadata: Record<string, string> = {}): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_INVALID,
    "the credential is unknown, malformed, expired or revoked",
    metadata,
  );

/** The token is genuine, and its login still holds. */
export const credentialExpired = (): ConnectError => credentialInvalid({ cause: "expired" });

/** One message for all refused passwords, also where several organisations have the address. */
export const passwordInvalid = (metadata: Record<string, string> = {}): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_INVALID,
    "e-mail address and password belong to no active user: correct them, or give org",
    metadata,
  );

/** For a right password of a user who is not active. Only the process compat is told. */
export const accountInactive = (): ConnectError => passwordInvalid({ cause: "user_inactive" });

/** For the holder of a token whose login ended because one of its refresh tokens was used twice. */
export const refreshTokenReused = (): ConnectError =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_INVALID,
    "the login was ended because a refresh token was used twice: log in again",
    { cause: reusedCause },
  );

/** Stored with the logins that end for this reason. */
export const reusedCause = "refresh_token_reused";

/** A counter of failed logins that refuses the next attempt; `free` is its number of attempts without a delay. */
export type Refusal = {
  readonly of: "account" | "address";
  readonly free: number;
  readonly retryAfterSeconds: number;
};

export const loginAttemptsExceeded = ({ of, free, retryAfterSeconds }: Refusal): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.LOGIN_ATTEMPTS_EXCEEDED,
    `more than ${free} failed logins of this ${of} within an hour: wait ${retryAfterSeconds} s`,
    { of, limit: String(free), retryAfterSeconds: String(retryAfterSeconds) },
  );

/** Why a password can't be used: `cause` for programs, `text` for people. Neither contains the password. */
export type PasswordFault = { readonly cause: string; readonly text: string };

export function passwordRefused(field: string, { cause, text }: PasswordFault): ConnectError {
  const error = failure(Code.InvalidArgument, ErrorReason.PASSWORD_REFUSED, `${field}: ${text}`, { cause });
  return withField(error, field, text);
}

export const resetTokenInvalid = (): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RESET_TOKEN_INVALID,
    "the reset token is unknown, expired or spent: ask an administrator for another one",
  );

export const passwordLoginRequired = (): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    "a login with the password is required: an API key can't change it",
  );

export const userOutranksCaller = (userId: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `user ${userId} has a role that exceeds the caller's own`,
    { user: userId },
  );

export const issuerNotFound = (name: string): ConnectError => notFound("issuer", name);

/** The message reveals no address and no answer of the issuer: they are in the log. */
export const issuerUnavailable = (issuer: string): ConnectError =>
  failure(
    Code.Unavailable,
    ErrorReason.ISSUER_UNAVAILABLE,
    `issuer ${issuer} does not answer, or not as its configuration says`,
    { issuer },
  );

export const issuerBusy = (issuer: string, limit: number): ConnectError =>
  failure(
    Code.Unavailable,
    ErrorReason.SERVICE_BUSY,
    `${limit} sign-ins through issuer ${issuer} are running: try again`,
    { issuer },
  );

/** Why the claims of an issuer lead to no account. */
const accountCauses = {
  org_unknown: "the claims name no organisation of this installation",
  role_missing: "no rule gives the user a role",
  groups_exceeded: "with those of the rules, the user has more than 200 groups: narrow them by a prefix",
  claim_distributed: "a claim of the rules is not in the token, but at another address",
  account_missing: "the user has no account here",
  account_inactive: "the user's account is not active",
  email_missing: "an account needs an e-mail address, and the claims have none that is valid",
  email_unverified: "an account needs an e-mail address that the issuer has verified",
  email_taken: "another account of the organisation has the user's e-mail address",
} as const;

export type AccountCause = keyof typeof accountCauses;

/** Only for callers that the issuer vouches for. */
export const accountUnknown = (issuer: string, cause: AccountCause): ConnectError =>
  failure(Code.PermissionDenied, ErrorReason.ACCOUNT_UNKNOWN, `issuer ${issuer}: ${accountCauses[cause]}`, {
    issuer,
    cause,
  });

export const namespaceTaken = (name: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `a namespace named ${name} exists already`, {
    namespace: name,
  });

export const namespaceReserved = (name: string): ConnectError =>
  failure(Code.InvalidArgument, ErrorReason.NAMESPACE_RESERVED, `namespace ${name} is reserved`, {
    namespace: name,
  });

export const defaultNamespaceStays = (name: string): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.NAMESPACE_RESERVED,
    `namespace ${name} can't be deleted: every organisation has it`,
    { namespace: name },
  );

/** `counts` are the numbers of resources by kind. */
export function namespaceNotEmpty(name: string, counts: Readonly<Record<string, number>>): ConnectError {
  const content = Object.entries(counts).map(([kind, count]) => `${kind.replaceAll("_", " ")}: ${count}`);
  return failure(
    Code.FailedPrecondition,
    ErrorReason.NAMESPACE_NOT_EMPTY,
    `namespace ${name} is not empty (${content.join(", ")}): move or delete its content, or delete it with force`,
    { namespace: name, ...Object.fromEntries(Object.entries(counts).map(([k, v]) => [k, String(v)])) },
  );
}

export const grantNotFound = (grantId: string): ConnectError => notFound("grant", grantId);

export const tooManyGrants = (limit: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.SERVICE_BUSY,
    `the organisation has ${limit} grants, the most that it can have: give roles to groups instead`,
    { limit: String(limit) },
  );

export const grantsTooLarge = (limit: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.SERVICE_BUSY,
    `the roles of one user or key in single namespaces exceed ${limit} bytes (the namespaces' names and 64 bytes each): ` +
      "give roles in the whole organisation, or in fewer namespaces",
    { limit: String(limit) },
  );

export const orgWideNeeded = (permission: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `permission ${permission} is required in the whole organisation`,
    { permission },
  );
