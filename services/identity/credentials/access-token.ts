import { jwtVerify, SignJWT } from "jose";
import { isId } from "../../lib/values/ids.ts";
import { credentialInvalid } from "../errors.ts";
import type { KeyRing } from "./key-ring.ts";
import { accessTokenSeconds } from "./signing-keys.ts";

const issuer = "sluice";
const audience = "sluice";
const algorithm = "EdDSA";

/** Subject of an access token: the user, the user's organisation, and the login that issued it. */
export type TokenSubject = { readonly userId: string; readonly orgId: string; readonly loginId: string };

/** What an access token says beside its subject. The same values give the same token. */
export type TokenIssue = { readonly tokenId: string; readonly issuedTime: Date };

/** Signs an access token that expires in `accessTokenSeconds`. The time is the database's: clocks of processes differ. */
export async function signAccessToken(
  keyRing: KeyRing,
  subject: TokenSubject,
  { tokenId, issuedTime }: TokenIssue,
): Promise<string> {
  const { kid, privateKey } = await keyRing.signingKey();
  const issuedSeconds = Math.floor(issuedTime.getTime() / 1000);
  return new SignJWT({ org: subject.orgId, sid: subject.loginId })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject.userId)
    .setJti(tokenId)
    .setIssuedAt(issuedSeconds)
    .setExpirationTime(issuedSeconds + accessTokenSeconds)
    .sign(privateKey);
}

/**
 * Verifies all of an access token but its expiry, which has to be compared with the database's clock. Throws
 * credentialInvalid for a foreign one.
 */
export async function verifyAccessToken(
  keyRing: KeyRing,
  token: string,
): Promise<{ loginId: string; expireTime: Date }> {
  const keyOf = async ({ kid = "" }: { kid?: string }) => {
    const key = await keyRing.publicKey(kid);
    if (!key) throw credentialInvalid();
    return key;
  };
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      issuer,
      audience,
      algorithms: [algorithm],
      requiredClaims: ["sub", "org", "sid", "jti", "iat", "exp"],
      currentDate: new Date(0),
    });
    const { sid } = payload;
    if (typeof sid !== "string" || !isId(sid)) throw credentialInvalid();
    return { loginId: sid, expireTime: new Date(Number(payload.exp) * 1000) };
  } catch {
    throw credentialInvalid();
  }
}
