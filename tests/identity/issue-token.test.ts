import { decodeJwt, decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  credentialInvalid,
  failureOf,
  logIn,
  newOrg,
  newUser,
  password,
  principalOf,
  startIdentity,
  verify,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const auth = () => identity().client(AuthService, undefined);

test("OK: answers an access token with the claims of the contract, and a refresh token", async () => {
  const { user } = await newOrg(identity());
  const beforeSeconds = Math.floor(Date.now() / 1000);
  const answer = await auth().issueToken({ email: user.email.toUpperCase(), password });
  const claims = decodeJwt(answer.accessToken);
  const { keys } = await auth().getJwks({});

  expect(answer).toMatchObject({
    accessToken: expect.any(String),
    refreshToken: expect.stringMatching(/^rt_[\w-]{43}$/),
    tokenType: "Bearer",
    expiresIn: 900,
  });
  expect(claims).toEqual({
    iss: "sluice",
    sub: user.userId,
    org: user.orgId,
    sid: expect.any(String),
    jti: expect.any(String),
    iat: expect.any(Number),
    exp: (claims.iat ?? 0) + 900,
  });
  expect(claims.iat).toBeGreaterThanOrEqual(beforeSeconds);
  expect(decodeProtectedHeader(answer.accessToken)).toEqual({ alg: "EdDSA", typ: "JWT", kid: keys[0]?.kid });
});

test("OK: an API key's login carries the key's roles, and ends with the key", async () => {
  const { admin, user } = await newOrg(identity());
  const apiKeys = identity().client(ApiKeyService, admin);
  const { secret, apiKey } = await apiKeys.createApiKey({
    apiKey: { displayName: "reader", roles: ["viewer"] },
  });
  const { accessToken, refreshToken } = await auth().issueToken({ apiKey: secret });
  expect(await verify(identity(), accessToken)).toMatchObject({
    orgId: user.orgId,
    userId: user.userId,
    apiKeyId: "",
    roles: ["viewer"],
  });

  await apiKeys.revokeApiKey({ apiKeyId: apiKey?.apiKeyId ?? "" });
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(auth().refreshToken({ refreshToken }))).toEqual(credentialInvalid);
  expect(await failureOf(auth().issueToken({ apiKey: secret }))).toEqual(credentialInvalid);
});

test("OK: a composed and a decomposed spelling are the same password", async () => {
  const { admin } = await newOrg(identity());
  const { user } = await identity()
    .client(UserService, admin)
    .createUser({ user: { email: "umlaut@example.org" }, password: "zw\u00f6lf Zeichen lang" });
  const answer = await auth().issueToken({ email: user?.email ?? "", password: "zwo\u0308lf Zeichen lang" });
  expect(answer.tokenType).toBe("Bearer");
});

test("Unauthenticated: a wrong password, an unknown address and an inactive user are told the same", async () => {
  const { admin, user } = await newOrg(identity());
  const inactive = await newUser(identity(), admin);
  await identity()
    .client(UserService, admin)
    .updateUser({
      user: { userId: inactive.userId, active: false },
      updateMask: { paths: ["active"] },
    });
  const guesses = [
    { email: user.email, password: `${password} ` },
    { email: "nobody@example.org", password },
    { email: inactive.email, password },
    { apiKey: "sk_unknown" },
  ];
  for (const guess of guesses) expect(await failureOf(auth().issueToken(guess))).toEqual(credentialInvalid);
});

test("Unauthenticated: the words are the same too", async () => {
  const { user } = await newOrg(identity());
  const words = (email: string) => auth().issueToken({ email, password: "wrong" }).catch(String);
  expect(await words(user.email)).toBe(await words("nobody-at-all@example.org"));
});

test.each([
  ["nothing", {}, ["request"]],
  ["password and key", { email: "a@example.org", password: "p", apiKey: "sk_x" }, ["request"]],
  ["no password", { email: "a@example.org" }, ["request"]],
  ["no address", { email: "not an address", password: "p" }, ["email"]],
  ["a NUL in the address", { email: "a\0@example.org", password: "p" }, ["email"]],
  ["a huge password", { email: "a@example.org", password: "p".repeat(1025) }, ["password"]],
  ["a huge key", { apiKey: "k".repeat(257) }, ["api_key"]],
])("InvalidArgument: %s", async (_title, request, fields) => {
  expect(await failureOf(auth().issueToken(request))).toEqual({ code: "InvalidArgument", fields });
});

test("OK: the tokens of one user are of that user's organisation", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["editor", "approver"] });
  const { accessToken } = await logIn(identity(), { email: colleague.email });
  expect(await verify(identity(), accessToken)).toMatchObject(principalOf(colleague));
});
