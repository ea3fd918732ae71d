import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { credentialInvalid } from "../errors.ts";
import type { Issuer, KeyLookup } from "./issuer.ts";

/** Verified claims of a token. */
export type Claims = JWTPayload & { readonly sub: string; readonly exp: number };

type Expected = {
  /** Audiences, of which the token has one. */
  readonly audience: readonly string[];
  /** Types, of which its header has one; undefined for any. */
  readonly types?: readonly string[];
};

const subjectCharactersMax = 255;

/**
 * Verifies the signature and the claims of an issuer's JWT. Throws credentialInvalid, or issuerUnavailable if the
 * issuer's keys can't be read.
 */
export async function verifyIssuerToken(issuer: Issuer, token: string, expected: Expected): Promise<Claims> {
  const keys = await issuer.keys();
  try {
    return await check(issuer, keys, token, expected);
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw credentialInvalid();
  }
  const renewed = await issuer.keys("again");
  return check(issuer, renewed, token, expected).catch(() => Promise.reject(credentialInvalid()));
}

async function check(issuer: Issuer, keys: KeyLookup, token: string, expected: Expected): Promise<Claims> {
  const { algorithms, clock_tolerance_seconds: clockTolerance } = issuer.config;
  const options: JWTVerifyOptions = {
    issuer: issuer.config.issuer,
    audience: [...expected.audience],
    algorithms,
    clockTolerance,
    requiredClaims: ["sub", "iat", "exp"],
  };
  const { payload, protectedHeader } = await jwtVerify(token, keys, options);
  const { sub = "", iat = 0, exp = 0 } = payload;
  if (expected.types && !expected.types.some((type) => isType(protectedHeader.typ, type))) {
    throw new Error("a token of another type");
  }
  if (iat > Date.now() / 1000 + clockTolerance) throw new Error("a token of the future");
  if (typeof sub !== "string" || sub === "" || sub.length > subjectCharactersMax)
    throw new Error("no subject");
  return { ...payload, sub, exp };
}

/** RFC 9068: the type may be written as a media type. */
const isType = (typ: string | undefined, type: string): boolean =>
  typ?.toLowerCase().replace(/^application\//, "") === type.toLowerCase();
