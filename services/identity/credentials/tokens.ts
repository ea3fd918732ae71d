import { createHash } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { insertRefreshToken } from "../login-repository.ts";
import type { Vault } from "../vault.ts";
import { signAccessToken, type TokenSubject } from "./access-token.ts";
import type { KeyRing } from "./key-ring.ts";
import { newSecret, refreshTokenMark, secretSha256 } from "./opaque-secret.ts";
import { accessTokenSeconds } from "./signing-keys.ts";

/** Creates the first refresh token of a login. Only its hash is stored. */
export async function makeRefreshToken(tx: Db, loginId: string): Promise<string> {
  const refreshToken = newSecret(refreshTokenMark);
  await insertRefreshToken(tx, loginId, secretSha256(refreshToken));
  return refreshToken;
}

/**
 * The token that follows a refresh token. It can be computed again from the same token for a repeated refresh; the nonce,
 * which is stored, and the vault's key are not enough without the token.
 */
export const successorOf = (vault: Vault, refreshToken: string, nonce: string): string =>
  refreshTokenMark +
  vault
    .fingerprint(Buffer.from(JSON.stringify(["refresh token", refreshToken, nonce])))
    .toString("base64url");

/** Tokens of a login from a moment on. */
export type IssuedTokens = {
  readonly subject: TokenSubject;
  readonly refreshToken: string;
  readonly issuedTime: Date;
};

/** The response to a login or a refresh; the same for the same refresh token. */
export async function tokensFor(keyRing: KeyRing, { subject, refreshToken, issuedTime }: IssuedTokens) {
  const issue = { tokenId: tokenIdOf(refreshToken), issuedTime };
  return {
    accessToken: await signAccessToken(keyRing, subject, issue),
    refreshToken,
    tokenType: "Bearer",
    expiresIn: accessTokenSeconds,
  };
}

const tokenIdOf = (refreshToken: string): string =>
  createHash("sha256").update(`access token of ${refreshToken}`).digest("base64url").slice(0, 22);
