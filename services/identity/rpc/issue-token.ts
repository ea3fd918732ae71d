import type { MethodImpl } from "@connectrpc/connect";
import { AuditMethod } from "../../../gen/sluice/identity/v1/audit_pb.ts";
import type { AuthService, IssueTokenRequest } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { callerKey } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { checkPassword } from "../accounts/check-password.ts";
import { clientAddressOf } from "../accounts/client-address.ts";
import { insertPlace } from "../accounts/place-repository.ts";
import { recordLogin } from "../audit/login-events.ts";
import { attemptOf, countAttempt, keyAttemptOf } from "../credentials/login-attempts.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import { makeRefreshToken, tokensFor } from "../credentials/tokens.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid, loginAttemptsExceeded } from "../errors.ts";
import { findHolderOfKey, findOwnerOfRefusedKey, insertLogin } from "../login-repository.ts";
import { lockActiveUser } from "../user-repository.ts";

/** The user that a credential identifies, and what a login changes beside itself. */
type Identified = {
  readonly userId: string;
  readonly apiKeyId: string | null;
  /** The hash of the password; undefined for an API key. */
  readonly passwordHash?: string;
  settle(tx: Db): Promise<void>;
};

export const issueToken =
  (deps: IdentityDeps): MethodImpl<typeof AuthService.method.issueToken> =>
  async (request, context) => {
    const address = clientAddressOf(context);
    // APIs of other systems tell who has the right password.
    const tellsInactive = context.values.get(callerKey)?.process === "compat";
    const identified = request.apiKey
      ? await byKey(deps, request.apiKey, address)
      : await byPassword(deps, request, { address, tellsInactive });
    const login = await deps.db.transaction((tx) => logIn(tx, identified));
    return tokensFor(deps.keyRing, login);
  };

/** A right key is accepted at any time: nobody can guess it. */
async function byKey(
  { db, refusals }: IdentityDeps,
  apiKey: string,
  address: string | null,
): Promise<Identified> {
  const hash = secretSha256(apiKey);
  const holder = await findHolderOfKey(db, hash);
  if (holder) return { ...holder, settle: async () => undefined };
  const owner = await findOwnerOfRefusedKey(db, hash);
  if (owner) refusals.note({ ...owner, method: AuditMethod.API_KEY });
  const refusal = await countAttempt(db, keyAttemptOf(address));
  throw refusal ? loginAttemptsExceeded(refusal) : credentialInvalid();
}

async function byPassword(
  deps: IdentityDeps,
  request: IssueTokenRequest,
  { address, tellsInactive }: { address: string | null; tellsInactive: boolean },
): Promise<Identified> {
  const attempt = attemptOf(address, request);
  const { userId, passwordHash, settle } = await checkPassword(deps, request, { attempt, tellsInactive });
  const settleAndKnow = async (tx: Db) => {
    await settle(tx);
    await insertPlace(tx, userId, attempt.place);
  };
  return { userId, apiKeyId: null, passwordHash, settle: settleAndKnow };
}

/** Creates the login, unless the user was deactivated or removed, or the password changed, since it was checked. */
async function logIn(tx: Db, { userId, apiKeyId, passwordHash, settle }: Identified) {
  const user = await lockActiveUser(tx, userId, passwordHash);
  if (!user) throw credentialInvalid();
  await settle(tx);
  const loginId = newId();
  const issuedTime = await insertLogin(tx, { ...user, loginId, apiKeyId });
  const refreshToken = await makeRefreshToken(tx, loginId);
  const method = apiKeyId === null ? AuditMethod.PASSWORD : AuditMethod.API_KEY;
  await recordLogin(tx, { ...user, loginId, apiKeyId }, method);
  return { subject: { ...user, loginId }, issuedTime, refreshToken };
}
