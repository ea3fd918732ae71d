import type { MethodImpl } from "@connectrpc/connect";
import type { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { TokenSubject } from "../credentials/access-token.ts";
import { secretSha256 } from "../credentials/opaque-secret.ts";
import { makeRefreshToken, tokensFor } from "../credentials/tokens.ts";
import type { IdentityDeps } from "../deps.ts";
import { credentialInvalid } from "../errors.ts";
import {
  findHolderOfLogin,
  findLoginOfSpentToken,
  revokeLogin,
  spendRefreshToken,
} from "../login-repository.ts";

export const refreshToken =
  ({ db, keyRing, log }: IdentityDeps): MethodImpl<typeof AuthService.method.refreshToken> =>
  async (request) => {
    const spent = secretSha256(request.refreshToken);
    const next = await db.transaction((tx) => rotate(tx, spent));
    if (next) return tokensFor(keyRing, next.subject, next.refreshToken);
    const loginId = await findLoginOfSpentToken(db, spent);
    if (loginId) {
      await revokeLogin(db, loginId);
      log.warn({ loginId }, "a refresh token was used twice: its login is revoked");
    }
    throw credentialInvalid();
  };

/** Spends the token and creates the next one. Undefined if the token can't be spent. Throws if its login has ended. */
async function rotate(
  tx: Db,
  tokenSha256: string,
): Promise<{ subject: TokenSubject; refreshToken: string } | undefined> {
  const loginId = await spendRefreshToken(tx, tokenSha256);
  if (!loginId) return undefined;
  const holder = await findHolderOfLogin(tx, loginId);
  if (!holder) throw credentialInvalid();
  const { userId, orgId } = holder;
  return { subject: { userId, orgId, loginId }, refreshToken: await makeRefreshToken(tx, loginId) };
}
