import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService, IssueTokenRequest } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { newId } from "../../lib/values/ids.ts";
import { type Attempt, attemptOf, countAttempt, settleAttempt } from "../credentials/login-attempts.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import { verifyPassword } from "../credentials/password.ts";
import { makeRefreshToken, tokensFor } from "../credentials/tokens.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid } from "../errors.ts";
import { findHolderOfKey, insertLogin } from "../login-repository.ts";
import { findUserByEmail, lockActiveUser } from "../user-repository.ts";

/** Client address. The edge sets it and drops it from incoming requests. */
const clientAddressHeader = "x-sluice-client-address";

type CredentialHolder = { userId: string; apiKeyId: string | null };

export const issueToken =
  ({ db, keyRing, withHashPermit }: IdentityDeps): MethodImpl<typeof AuthService.method.issueToken> =>
  async (request, context) => {
    const attempt = attemptOf(context.requestHeader.get(clientAddressHeader), request.email);
    // Attempts are counted once they have a permit, so that parallel logins of one user do not exhaust the limit.
    const holder = await withHashPermit(async () => {
      await countAttempt(db, attempt);
      return checkCredential(db, request);
    });
    const { refreshToken, ...subject } = await db.transaction((tx) => logIn(tx, holder, attempt));
    return tokensFor(keyRing, subject, refreshToken);
  };

async function checkCredential(db: Db, request: IssueTokenRequest): Promise<CredentialHolder> {
  const holder = request.apiKey ? await holderOfKey(db, request.apiKey) : await userByPassword(db, request);
  if (!holder) throw credentialInvalid();
  return holder;
}

async function holderOfKey(db: Db, apiKey: string): Promise<CredentialHolder | undefined> {
  return findHolderOfKey(db, secretSha256(apiKey));
}

async function userByPassword(
  db: Db,
  { email, password }: IssueTokenRequest,
): Promise<CredentialHolder | undefined> {
  const user = await findUserByEmail(db, email);
  // An unknown address takes the same time as a wrong password.
  const matches = await verifyPassword(password, user?.passwordHash);
  return user && matches ? { userId: user.userId, apiKeyId: null } : undefined;
}

/** Creates the login, unless the user was deactivated or removed since the password was checked. */
async function logIn(tx: Db, { userId, apiKeyId }: CredentialHolder, attempt: Attempt) {
  const user = await lockActiveUser(tx, userId);
  if (!user) throw credentialInvalid();
  await settleAttempt(tx, attempt);
  const loginId = newId();
  await insertLogin(tx, { ...user, loginId, apiKeyId });
  return { ...user, loginId, refreshToken: await makeRefreshToken(tx, loginId) };
}
