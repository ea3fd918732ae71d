import { randomUUID } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";
import { credentialInvalid } from "../errors.ts";
import type { KeyRing } from "./key-ring.ts";
import { accessTokenSeconds } from "./signing-keys.ts";

const issuer = "sluice";
const algorithm = "EdDSA";

/** Subject of an access token: the user, the user's organisation, and the login that issued it. */
export type TokenSubject = { readonly userId: string; readonly orgId: string; readonly loginId: string };

/** Signs an access token that expires in `accessTokenSeconds`. */
export async function signAccessToken(keyRing: KeyRing, subject: TokenSubject): Promise<string> {
  const { kid, privateKey } = await keyRing.signingKey();
  const nowSeconds = Math.floor(Date.now() / 1000);
  return new SignJWT({ org: subject.orgId, sid: subject.loginId })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", kid })
    .setIssuer(issuer)
    .setSubject(subject.userId)
    .setJti(randomUUID())
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + accessTokenSeconds)
    .sign(privateKey);
}

/** Verifies an access token. Throws credentialInvalid for a foreign or expired one. */
export async function verifyAccessToken(
  keyRing: KeyRing,
  token: string,
): Promise<{ loginId: string; expireTime: Date }> {
  const keys = await keyRing.publicKeys();
  const keyOf = ({ kid = "" }: { kid?: string }) => keys.get(kid) ?? Promise.reject(credentialInvalid());
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      issuer,
      algorithms: [algorithm],
      requiredClaims: ["sub", "org", "sid", "jti", "iat", "exp"],
    });
    return { loginId: String(payload.sid), expireTime: new Date(Number(payload.exp) * 1000) };
  } catch {
    throw credentialInvalid();
  }
}
