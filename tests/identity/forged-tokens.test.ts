import { drizzle } from "drizzle-orm/postgres-js";
import fc from "fast-check";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { expect, test } from "vitest";
import { signAccessToken, verifyAccessToken } from "../../services/identity/credentials/access-token.ts";
import { createKeyRing } from "../../services/identity/credentials/key-ring.ts";
import { apiKeyMark, newSecret } from "../../services/identity/credentials/opaque-secret.ts";
import { createVault } from "../../services/identity/vault.ts";
import { forFile } from "../lib/for-file.ts";
import { credentialInvalid, encryptionKey, failureOf, startIdentity, verifyApiKey } from "./fixtures.ts";

const identity = forFile(startIdentity);

const openRing = () =>
  createKeyRing(drizzle({ client: identity().database.sql }), createVault(encryptionKey));
const subject = { userId: "user", orgId: "org", loginId: "01890000-0000-7000-8000-000000000000" };
const issue = { tokenId: "token", issuedTime: new Date() };
const bytesOf = (token: string) => token.split(".").map((part) => Buffer.from(part, "base64url"));
const isSame = (one: string, other: string) =>
  Buffer.concat(bytesOf(one)).equals(Buffer.concat(bytesOf(other))) &&
  one.split(".").length === other.split(".").length;

test("Unauthenticated: a token with any character changed, cut, added or moved", async () => {
  const ring = openRing();
  const token = await signAccessToken(ring, subject, issue);
  await verifyAccessToken(ring, token);
  const at = fc.nat({ max: token.length - 1 });
  const changed = fc
    .tuple(at, fc.string({ unit: "binary", minLength: 0, maxLength: 2 }), fc.nat({ max: 3 }))
    .map(([index, text, cut]) => token.slice(0, index) + text + token.slice(index + cut));
  await fc.assert(
    fc.asyncProperty(changed, async (forged) => {
      // The last characters of base64 have unused bits: such a token is the same token.
      fc.pre(!isSame(forged, token));
      expect(await failureOf(verifyAccessToken(ring, forged))).toEqual(credentialInvalid);
    }),
    { numRuns: 300 },
  );
});

test("Unauthenticated: any text that is no token", async () => {
  const ring = openRing();
  const part = fc.oneof(
    fc.base64String({ maxLength: 40 }),
    fc.json().map((text) => Buffer.from(text).toString("base64url")),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
  );
  await fc.assert(
    fc.asyncProperty(text, async (forged) => {
      expect(await failureOf(verifyAccessToken(ring, forged))).toEqual(credentialInvalid);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["of another issuer", { iss: "sluice-mesh" }],
  ["that is not valid yet", { nbf: 4_000_000_000 }],
  ["without a login", { sid: undefined }],
  ["without an expiry", { exp: undefined }],
])("Unauthenticated: a token %s, signed with the right key", async (_title, change) => {
  const ring = openRing();
  const token = await signAccessToken(ring, subject, issue);
  const { kid = "" } = decodeProtectedHeader(token);
  const { privateKey } = await ring.signingKey();
  const sign = (claims: object) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: "EdDSA", kid }).sign(privateKey);
  await verifyAccessToken(ring, await sign(decodeJwt(token)));
  const forged = await sign({ ...decodeJwt(token), ...change });
  expect(await failureOf(verifyAccessToken(ring, forged))).toEqual(credentialInvalid);
});

test("Unauthenticated: any text that is no key, also one that looks like one", async () => {
  const key = newSecret(apiKeyMark);
  const at = fc.nat({ max: key.length - 1 });
  const changed = fc
    .tuple(at, fc.constantFrom("", "\u0455", "A", "\u212a", "%", "'", "\0"))
    .map(([index, text]) => key.slice(0, index) + text + key.slice(index + 1));
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), changed);
  await fc.assert(
    fc.asyncProperty(text, async (forged) => {
      expect(await failureOf(verifyApiKey(identity(), forged))).toEqual(credentialInvalid);
    }),
    { numRuns: 60 },
  );
});

test("InvalidArgument: a key of a megabyte", async () => {
  const forged = `sk_${"a".repeat(1 << 20)}`;
  expect(await failureOf(verifyApiKey(identity(), forged))).toEqual({
    code: "InvalidArgument",
    fields: ["api_key"],
  });
});
