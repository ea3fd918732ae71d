import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { base64url, decodeJwt, exportSPKI, importJWK, SignJWT } from "jose";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { credentialInvalid, failureOf, newOrg, startIdentity, verify } from "./fixtures.ts";
import { issuerOf } from "./oidc/issuer-of.ts";
import { resource } from "./oidc/provider.ts";
import { startScene } from "./oidc/scene.ts";
import { audience, json, keysPath, newKey, prepareSignIn, startIssuer } from "./oidc/test-issuer.ts";

const byGroup = { claim: "groups", values: ["eng"], roles: ["editor"] };

const scene = forFile(() =>
  startScene({
    corp: {
      roles: [byGroup],
      groups: [{ claim: "groups", prefix: "team-" }],
      bearer: { audiences: [resource] },
      cooldown_seconds: 0,
    },
  }),
);

/** An issuer of the test's own, for tokens that a provider does not make. */
const issuer = forFile(startIssuer);
const stranger = forFile(startIssuer);
const identity = forFile(() =>
  startIdentity({
    issuers: [
      issuerOf("own", issuer().url, { bearer: { audiences: [audience] }, cooldown_seconds: 0 }),
      issuerOf("stranger", stranger().url, { bearer: { audiences: [audience] } }),
      issuerOf("signing", "http://127.0.0.1:1", {}),
    ],
  }),
);

const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** A subject with an account. */
async function newSubject(): Promise<{ sub: string; userId: string }> {
  const sub = randomUUID();
  const request = await prepareSignIn(issuer(), sub);
  const { accessToken } = await identity()
    .client(AuthService, undefined)
    .exchangeCode({ issuer: "own", ...request });
  return { sub, userId: String(decodeJwt(accessToken).sub) };
}

/** An access token of the provider, as an application gets it with a code. */
async function accessTokenOf(name: string, subject: string): Promise<string> {
  const { code, codeVerifier, redirectUri } = await scene().authorized(name, subject, resource);
  const form = { grant_type: "authorization_code", client_id: "sluice", redirect_uri: redirectUri, resource };
  const body = new URLSearchParams({ ...form, code, code_verifier: codeVerifier });
  const response = await fetch(`${scene().provider(name).url}/token`, { method: "POST", body });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

test("OK: a provider's access token stands for the user who signed in, with the roles of its claims", async () => {
  const subject = scene().newPerson({ groups: ["eng"] });
  const { orgId, userId } = await scene().principalAfterSignIn("corp", subject);
  const token = await accessTokenOf("corp", subject);
  expect(await verify(scene().identity, token)).toMatchObject({
    orgId,
    userId,
    apiKeyId: "",
    roles: ["editor"],
    expireTime: timestampFromDate(new Date((decodeJwt(token).exp ?? 0) * 1000)),
  });

  scene().changePerson(subject, { groups: [] });
  const later = await accessTokenOf("corp", subject);
  expect((await verify(scene().identity, later)).roles).toEqual(["viewer"]);
});

test("OK: a provider's access token has the grants of its groups, and of the user in namespaces", async () => {
  const { root, client } = scene().identity;
  const subject = scene().newPerson({ groups: ["eng"] });
  const { userId } = await scene().principalAfterSignIn("corp", subject);
  const grants = client(GrantService, root);
  const namespace = "default";
  await grants.createGrant({ grant: { grantee: { case: "group", value: "team-x" }, role: "approver" } });
  await grants.createGrant({
    grant: { grantee: { case: "userId", value: userId }, role: "admin", namespace },
  });
  scene().changePerson(subject, { groups: ["team-x"] });
  expect(await verify(scene().identity, await accessTokenOf("corp", subject))).toMatchObject({
    roles: ["approver", "viewer"],
    grants: [{ namespace, roles: ["admin"] }],
  });
  // The token changed nothing.
  expect((await client(UserService, root).getUser({ userId })).user).toMatchObject({
    roles: ["editor"],
    groups: [],
  });
});

test("OK: a provider rotates its keys, and tokens of the new ones are accepted", async () => {
  const subject = scene().newPerson();
  await scene().principalAfterSignIn("corp", subject);
  const before = await accessTokenOf("corp", subject);
  await verify(scene().identity, before);
  await scene().provider("corp").rotateKeys();
  const after = await accessTokenOf("corp", subject);
  expect(await verify(scene().identity, after)).toMatchObject({ roles: ["viewer"] });
  expect(await failureOf(verify(scene().identity, before))).toEqual(credentialInvalid);
});

test("OK: clocks that differ by less than the tolerance", async () => {
  const { sub, userId } = await newSubject();
  const times = [
    { exp: nowSeconds() - 20 },
    { iat: nowSeconds() + 20 },
    { nbf: nowSeconds() + 20 },
    { aud: ["x", audience] },
  ];
  for (const claims of times) {
    expect(await verify(identity(), await issuer().sign({ sub, ...claims }))).toMatchObject({ userId });
  }
});

test("OK: the type of a token may be written as a media type", async () => {
  const { sub, userId } = await newSubject();
  const token = await issuer().sign({ sub }, { typ: "application/AT+JWT" });
  expect(await verify(identity(), token)).toMatchObject({ userId });
});

test("PermissionDenied: a subject that never signed in, and a user who is not active", async () => {
  const unknown = await issuer().sign({ sub: randomUUID() });
  const accountUnknown = (cause: string) => ({
    code: "PermissionDenied",
    reason: "ACCOUNT_UNKNOWN",
    metadata: { issuer: "own", cause },
  });
  expect(await failureOf(verify(identity(), unknown))).toEqual(accountUnknown("account_missing"));

  const { sub, userId } = await newSubject();
  await identity()
    .client(UserService, identity().root)
    .updateUser({ user: { userId, active: false }, updateMask: { paths: ["active"] } });
  const token = await issuer().sign({ sub });
  expect(await failureOf(verify(identity(), token))).toEqual(accountUnknown("account_inactive"));
});

const hour = 3600;

test.each([
  ["expired", () => ({ exp: nowSeconds() - 31 })],
  ["made by a clock an hour ahead", () => ({ iat: nowSeconds() + hour, exp: nowSeconds() + hour + 300 })],
  ["made by a clock an hour behind", () => ({ iat: nowSeconds() - hour, exp: nowSeconds() - hour + 300 })],
  ["not yet valid", () => ({ nbf: nowSeconds() + 60 })],
  ["for another audience", () => ({ aud: "https://other.example.org" })],
  ["for Sluice's client: an ID token", () => ({ aud: "sluice" })],
  ["without audience", () => ({ aud: undefined })],
  ["without expiry", () => ({ exp: undefined })],
  ["with an expiry that is no number", () => ({ exp: "never" })],
  ["without time of issue", () => ({ iat: undefined })],
  ["without subject", () => ({ sub: undefined })],
  ["with an empty subject", () => ({ sub: "" })],
  ["with a subject that is no text", () => ({ sub: { $ne: "" } })],
  ["with a long subject", () => ({ sub: "s".repeat(256) })],
  ["of no issuer", () => ({ iss: undefined })],
  ["of an issuer that is not configured", () => ({ iss: "https://issuer.example.org" })],
  ["of another issuer than its key", () => ({ iss: stranger().url })],
  ["of an issuer whose tokens are for sign-ins only", () => ({ iss: "http://127.0.0.1:1" })],
  ["in Sluice's own name", () => ({ iss: "sluice", sid: randomUUID(), org: "o", jti: "j" })],
])("Unauthenticated: a token %s", async (_title, claims) => {
  const { sub } = await newSubject();
  const token = await issuer().sign({ sub, ...claims() });
  expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
});

test.each([
  ["another type", { typ: "JWT" }],
  ["no type", { typ: undefined }],
  ["an unknown key", { kid: "unknown" }],
])("Unauthenticated: a header with %s", async (_title, header) => {
  const { sub } = await newSubject();
  const token = await issuer().sign({ sub }, header as object);
  expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
});

test("Unauthenticated: forged, tampered and unsigned tokens, and those with the public key as a secret", async () => {
  const { sub } = await newSubject();
  const { jwk } = issuer().key;
  const { kid } = jwk;
  const other = await newKey();
  const valid = await issuer().sign({ sub });
  const [head = "", body = "", signature = ""] = valid.split(".");
  const claims = decodeJwt(valid);
  const spki = await exportSPKI((await importJWK(jwk, "ES256", { extractable: true })) as CryptoKey);
  const symmetric = (secret: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid, typ: "at+jwt" })
      .sign(new TextEncoder().encode(secret));
  const forged = [
    await issuer().sign({ sub }, { kid }, other),
    await issuer().sign({ sub }, { kid, jwk: other.jwk }, other),
    await issuer().sign({ sub }, { kid, jku: `${stranger().url}${keysPath}` }, stranger().key),
    [head, encode({ ...claims, sub: "another" }), signature].join("."),
    [encode({ alg: "none", kid, typ: "at+jwt" }), body, ""].join("."),
    [encode({ alg: "ES384", kid, typ: "at+jwt" }), body, signature].join("."),
    [head, body].join("."),
    await symmetric(spki),
    await symmetric(JSON.stringify(jwk)),
  ];
  expect(await verify(identity(), valid)).toMatchObject({ roles: ["viewer"] });
  for (const token of forged) expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
});

test("Unauthenticated: a key of another algorithm than the configured ones, though the issuer publishes it", async () => {
  const { sub } = await newSubject();
  const [edwards, curve] = [await newKey("EdDSA"), issuer().key];
  issuer().replies.set(
    keysPath,
    json({ keys: [curve.jwk, edwards.jwk, { kty: "oct", kid: "o", k: "c2VjcmV0" }, { kty: "odd" }] }),
  );
  const token = await issuer().sign({ sub }, {}, edwards);
  expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
  expect(await verify(identity(), await issuer().sign({ sub }))).toMatchObject({ roles: ["viewer"] });
});

test("Unauthenticated: Sluice's own token in the name of an issuer, and the user of a subject elsewhere", async () => {
  const { user } = await newOrg(identity());
  const own = await issuer().sign({ sub: user.userId, org: user.orgId });
  expect(await failureOf(verify(identity(), own))).toMatchObject({ reason: "ACCOUNT_UNKNOWN" });
  const { sub } = await newSubject();
  const same = await stranger().sign({ sub });
  expect(await failureOf(verify(identity(), same))).toMatchObject({ reason: "ACCOUNT_UNKNOWN" });
});

test("Unauthenticated: whatever a token has in its parts", async () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => base64url.encode(text)),
    fc
      .record({
        alg: fc.constantFrom("ES256", "none", "HS256"),
        typ: fc.constant("at+jwt"),
        kid: fc.string(),
      })
      .map(encode),
    fc
      .record({ sub: fc.anything(), aud: fc.constant(audience), exp: fc.integer() })
      .map((claims) => encode({ iss: issuer().url, ...claims })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      expect(await failureOf(verify(identity(), parts.join(".").slice(0, 8000)))).toEqual(credentialInvalid);
    }),
    { numRuns: 60 },
  );
});
