import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { recordRefresh, recordReuse } from "../audit/login-events.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import { type IssuedTokens, successorOf, tokensFor } from "../credentials/tokens.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid, refreshTokenReused, reusedCause } from "../errors.ts";
import {
  findHolderOfLogin,
  findRefreshToken,
  insertRefreshToken,
  revokeLogin,
  spendRefreshToken,
} from "../login-repository.ts";

export const refreshToken =
  (deps: IdentityDeps): MethodImpl<typeof AuthService.method.refreshToken> =>
  async (request) => {
    const next = await deps.db.transaction((tx) => rotate(tx, deps, request.refreshToken));
    return tokensFor(deps.keyRing, next ?? (await repeat(deps, request.refreshToken)));
  };

/** Spends the token and creates the next one. Undefined if it can't be spent. Throws if its login has ended. */
async function rotate(tx: Db, { vault }: IdentityDeps, token: string): Promise<IssuedTokens | undefined> {
  const spent = await spendRefreshToken(tx, secretSha256(token));
  if (!spent) return undefined;
  const { loginId, revokeCause } = spent;
  const holder = await findHolderOfLogin(tx, loginId);
  if (!holder) throw revokeCause === reusedCause ? refreshTokenReused() : credentialInvalid();
  const { userId, orgId, apiKeyId } = holder;
  const subject = { userId, orgId, loginId };
  const refreshToken = successorOf(vault, token, spent.nonce);
  await insertRefreshToken(tx, loginId, secretSha256(refreshToken));
  await recordRefresh(tx, { ...subject, apiKeyId });
  return { subject, refreshToken, issuedTime: spent.spentTime };
}

/** The same tokens again, if the token was spent a moment ago. Otherwise its login ends. */
async function repeat({ db, vault, log }: IdentityDeps, token: string): Promise<IssuedTokens> {
  const state = await findRefreshToken(db, secretSha256(token));
  if (!state?.spentTime) throw credentialInvalid();
  const { loginId, nonce, spentTime } = state;
  if (!state.isRecent || nonce === null) {
    await db.transaction(async (tx) => {
      const owner = await revokeLogin(tx, loginId, reusedCause);
      if (owner) await recordReuse(tx, { ...owner, loginId });
    });
    log.warn({ loginId }, "a refresh token was used twice: its login is revoked");
    throw refreshTokenReused();
  }
  const subject = await subjectOf(db, loginId);
  if (!subject) throw state.revokeCause === reusedCause ? refreshTokenReused() : credentialInvalid();
  return { subject, refreshToken: successorOf(vault, token, nonce), issuedTime: spentTime };
}

async function subjectOf(db: Db, loginId: string): Promise<IssuedTokens["subject"] | undefined> {
  const holder = await findHolderOfLogin(db, loginId);
  return holder && { userId: holder.userId, orgId: holder.orgId, loginId };
}
