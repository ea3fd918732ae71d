import type { Db } from "../../lib/database/database.ts";
import { insertRefreshToken } from "../login-repository.ts";
import { signAccessToken, type TokenSubject } from "./access-token.ts";
import type { KeyRing } from "./key-ring.ts";
import { newSecret, refreshTokenMark, secretSha256 } from "./opaque-secret.ts";
import { accessTokenSeconds } from "./signing-keys.ts";

/** Creates the next refresh token of a login. Only its hash is stored. */
export async function makeRefreshToken(tx: Db, loginId: string): Promise<string> {
  const refreshToken = newSecret(refreshTokenMark);
  await insertRefreshToken(tx, loginId, secretSha256(refreshToken));
  return refreshToken;
}

/** The response to a login or a refresh. */
export async function tokensFor(keyRing: KeyRing, subject: TokenSubject, refreshToken: string) {
  return {
    accessToken: await signAccessToken(keyRing, subject),
    refreshToken,
    tokenType: "Bearer",
    expiresIn: accessTokenSeconds,
  };
}
