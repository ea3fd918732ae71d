import { randomUUID } from "node:crypto";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { decodeJwt, generateKeyPair, SignJWT } from "jose";
import { expect, test, vi } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { run } from "../../services/identity/run.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { startService } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  encryptionKey,
  failureOf,
  identityConfig,
  logIn,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
  verify,
  verifyApiKey,
} from "./fixtures.ts";
import { signToken } from "./sign-token.ts";

const identity = forFile(startIdentity);

const signed = (claims: object) => signToken(identity().database, encryptionKey, claims);

const $typeName = "sluice.identity.v1.VerifyCredentialResponse";

async function newKey(who: Principal, apiKey: { roles?: string[]; expireTime?: Date } = {}) {
  const { expireTime, ...rest } = apiKey;
  const { secret, apiKey: made } = await identity()
    .client(ApiKeyService, who)
    .createApiKey({
      apiKey: {
        displayName: "a key",
        ...rest,
        ...(expireTime && { expireTime: timestampFromDate(expireTime) }),
      },
    });
  return { secret, apiKeyId: made?.apiKeyId ?? "" };
}

test("OK: an access token stands for its user until it expires", async () => {
  const { user } = await newOrg(identity());
  const { accessToken } = await logIn(identity(), { email: user.email });
  expect(await verify(identity(), accessToken)).toEqual({
    $typeName,
    orgId: user.orgId,
    userId: user.userId,
    apiKeyId: "",
    roles: ["admin"],
    grants: [],
    expireTime: timestampFromDate(new Date((decodeJwt(accessToken).exp ?? 0) * 1000)),
    loginId: decodeJwt(accessToken).sid,
  });
});

test("OK: an expired token stands for a call under way, until its login ends", async () => {
  const { user } = await newOrg(identity());
  const { accessToken, refreshToken } = await logIn(identity(), { email: user.email });
  const expired = await signed({ ...decodeJwt(accessToken), exp: Math.floor(Date.now() / 1000) - 60 });
  const underWay = () =>
    identity()
      .client(PolicyService, undefined)
      .verifyCredential({ credential: { case: "accessToken", value: expired }, underWay: true });
  expect(await failureOf(verify(identity(), expired))).toEqual({
    ...credentialInvalid,
    metadata: { cause: "expired" },
  });
  expect(await underWay()).toMatchObject({ userId: user.userId, roles: ["admin"] });
  await identity().client(AuthService, undefined).revokeToken({ refreshToken });
  expect(await failureOf(underWay())).toEqual(credentialInvalid);
});

test("OK: clocks of two processes that differ by two hours decide nothing: the database's does", async () => {
  const { user } = await newOrg(identity());
  const hourMs = 3_600_000;
  const database = identity().database;
  const now = Date.now();
  try {
    vi.useFakeTimers({ toFake: ["Date"], now: now + hourMs });
    await using ahead = await startService(run, identityConfig(database));
    const tokens = await logIn(ahead, { email: user.email });
    vi.setSystemTime(now - hourMs);
    await using behind = await startService(run, identityConfig(database));
    expect(await verify(behind, tokens.accessToken)).toMatchObject({ userId: user.userId });
    const { refreshToken } = tokens;
    const refreshed = await behind.client(AuthService, undefined).refreshToken({ refreshToken });
    vi.setSystemTime(now);
    for (const { accessToken } of [tokens, refreshed]) {
      const { iat = 0, exp = 0 } = decodeJwt(accessToken);
      expect(Math.abs(iat - now / 1000)).toBeLessThan(1800);
      expect(exp - iat).toBe(900);
      expect(await verify(identity(), accessToken)).toMatchObject({ userId: user.userId });
    }
  } finally {
    vi.useRealTimers();
  }
});

test("OK: an API key stands for its user, with its own roles and for as long as it lasts", async () => {
  const { admin } = await newOrg(identity());
  const endless = await newKey(admin, { roles: ["approver", "viewer"] });
  expect(await verifyApiKey(identity(), endless.secret)).toEqual({
    $typeName,
    orgId: admin.orgId,
    userId: admin.userId,
    apiKeyId: endless.apiKeyId,
    roles: ["approver", "viewer"],
    grants: [],
    loginId: "",
  });
  const expireTime = new Date(Date.now() + 60_000);
  const { secret } = await newKey(admin, { expireTime });
  expect(await verifyApiKey(identity(), secret)).toMatchObject({
    roles: ["admin"],
    grants: [],
    expireTime: timestampFromDate(expireTime),
  });
});

test("OK: a token of a key's login expires with the key", async () => {
  const { admin } = await newOrg(identity());
  const expireTime = new Date(Date.now() + 60_000);
  const { secret } = await newKey(admin, { expireTime });
  const { accessToken } = await identity().client(AuthService, undefined).issueToken({ apiKey: secret });
  const answer = await verify(identity(), accessToken);
  expect(answer.expireTime && timestampDate(answer.expireTime)).toEqual(expireTime);
});

test("OK: roles follow the user's at once, and a key never keeps more than its user has", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["editor", "approver"] });
  const { accessToken } = await logIn(identity(), { email: colleague.email });
  const { secret } = await newKey(principalOf(colleague));
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: colleague.userId, roles: ["approver"] } });
  expect((await verify(identity(), accessToken)).roles).toEqual(["approver"]);
  expect((await verifyApiKey(identity(), secret)).roles).toEqual(["approver"]);
});

test("Unauthenticated: credentials of a user who is not active, until the user is again", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["editor"] });
  const { accessToken } = await logIn(identity(), { email: colleague.email });
  const { secret } = await newKey(principalOf(colleague));
  const users = identity().client(UserService, admin);
  const setActive = (active: boolean) =>
    users.updateUser({ user: { userId: colleague.userId, active }, updateMask: { paths: ["active"] } });

  await setActive(false);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(verifyApiKey(identity(), secret))).toEqual(credentialInvalid);
  await setActive(true);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await verifyApiKey(identity(), secret)).toMatchObject({ userId: colleague.userId });
});

test("Unauthenticated: an expired, a revoked and an unknown API key", async () => {
  const { admin } = await newOrg(identity());
  const [expired, revoked] = [await newKey(admin), await newKey(admin)];
  await identity().database.sql`
    update identity.api_keys set expire_time = now() where api_key_id = ${expired.apiKeyId}`;
  await identity().client(ApiKeyService, admin).revokeApiKey({ apiKeyId: revoked.apiKeyId });
  for (const secret of [expired.secret, revoked.secret, "sk_unknown", "", "\0"]) {
    expect(await failureOf(verifyApiKey(identity(), secret))).toEqual(credentialInvalid);
  }
});

test("Unauthenticated: a forged, a tampered, an expired and an unsigned token, and none at all", async () => {
  const { user } = await newOrg(identity());
  const { accessToken } = await logIn(identity(), { email: user.email });
  const claims = decodeJwt(accessToken);
  const [{ kid } = { kid: "" }] = (await identity().client(AuthService, undefined).getJwks({})).keys;
  const [head, body, signature] = accessToken.split(".");
  const json = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const { privateKey } = await generateKeyPair("EdDSA");
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid }).sign(privateKey);
  const unnamed = await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey);
  const tampered = [head, json({ ...claims, sub: randomUUID() }), signature].join(".");
  const unsigned = `${json({ alg: "none", kid })}.${body}.`;
  for (const token of [forged, unnamed, tampered, unsigned, "not.a.token", "", accessToken.slice(1)]) {
    expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
  }
});

test("Unauthenticated: a token of the right key for another audience, issuer or time, or without a claim", async () => {
  const { user } = await newOrg(identity());
  const { accessToken } = await logIn(identity(), { email: user.email });
  const claims = decodeJwt(accessToken);
  expect(await verify(identity(), await signed(claims))).toMatchObject({ userId: user.userId });
  for (const wrong of [
    { aud: "sluice-mesh" },
    { aud: undefined },
    { iss: "https://issuer.example.org" },
    { exp: undefined },
    { sid: randomUUID() },
    { sid: "' or true --" },
    { sid: undefined },
    { jti: undefined },
  ]) {
    const token = await signed({ ...claims, ...wrong });
    expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
  }
});

test("Unauthenticated: the public key as a shared secret, and another algorithm", async () => {
  const { user } = await newOrg(identity());
  const { accessToken } = await logIn(identity(), { email: user.email });
  const claims = decodeJwt(accessToken);
  const [{ kid, x } = { kid: "", x: "" }] = (await identity().client(AuthService, undefined).getJwks({}))
    .keys;
  const secret = Buffer.from(x, "base64url");
  const shared = await new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid }).sign(secret);
  const { privateKey } = await generateKeyPair("ES256");
  const other = await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
  for (const token of [shared, other]) {
    expect(await failureOf(verify(identity(), token))).toEqual(credentialInvalid);
  }
});

test("InvalidArgument: no credential, and one that is too long", async () => {
  const policy = identity().client(PolicyService, undefined);
  expect(await failureOf(policy.verifyCredential({}))).toEqual({
    code: "InvalidArgument",
    fields: ["credential"],
  });
  expect(await failureOf(verify(identity(), "t".repeat(8193)))).toEqual({
    code: "InvalidArgument",
    fields: ["access_token"],
  });
});

test("PermissionDenied: another process than the edge", async () => {
  const policy = identity().client(PolicyService, undefined, "storage");
  const call = policy.verifyCredential({ credential: { case: "apiKey", value: "sk_x" } });
  expect(await failureOf(call)).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: {},
  });
});
