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
  logInAs,
  newEmail,
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
    aud: "sluice",
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
    apiKeyId: apiKey?.apiKeyId,
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
  const { user, org } = await newOrg(identity());
  const words = (email: string, name = "") =>
    auth().issueToken({ email, password: "wrong", org: name }).catch(String);
  const text = await words(user.email);
  expect(text).toContain("or give org");
  expect(await words("nobody-at-all@example.org")).toBe(text);
  expect(await words(user.email, org)).toBe(text);
  expect(await words(user.email, "no-such-org")).toBe(text);
});

test("OK: the password decides among the accounts of an address, and org among those with the same password", async () => {
  const email = newEmail();
  const [first, second] = [await newOrg(identity(), { email }), await newOrg(identity(), { email })];
  const ambiguous = await auth().issueToken({ email, password }).catch(String);
  expect(ambiguous).toBe(await auth().issueToken({ email: newEmail(), password }).catch(String));
  for (const { org, orgId } of [first, second]) {
    expect(await logInAs(identity(), { email, org })).toMatchObject({ orgId });
  }
  const { user } = await identity()
    .client(UserService, first.admin)
    .createUser({ user: { email: newEmail() }, password });
  expect(await failureOf(auth().issueToken({ email: user?.email ?? "", password, org: second.org }))).toEqual(
    credentialInvalid,
  );
});

test("OK: a hash with other parameters is replaced at the next login with the right password", async () => {
  const { user } = await newOrg(identity());
  // From the test vectors of the argon2 reference implementation.
  const old = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
  const { sql } = identity().database;
  await sql`update identity.users set password_hash = ${old} where user_id = ${user.userId}`;
  const stored = async () => {
    const [row] = await sql`select password_hash from identity.users where user_id = ${user.userId}`;
    return row?.password_hash;
  };
  await failureOf(auth().issueToken({ email: user.email, password: "passwort" }));
  expect(await stored()).toBe(old);
  const logins = Array.from({ length: 4 }, () =>
    logIn(identity(), { email: user.email, password: "password" }),
  );
  expect((await Promise.all(logins)).map(({ tokenType }) => tokenType)).toEqual(Array(4).fill("Bearer"));
  expect(await stored()).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect((await logIn(identity(), { email: user.email, password: "password" })).tokenType).toBe("Bearer");
  expect((await identity().client(UserService, principalOf(user)).getMe({})).user).toEqual(user);
});

test("OK: accounts of one address share a salt, so that a login derives once for all of them", async () => {
  const email = newEmail();
  const admins = [(await newOrg(identity())).admin, (await newOrg(identity())).admin];
  await Promise.all(
    admins.map((admin, index) =>
      identity()
        .client(UserService, admin)
        .createUser({
          user: { email: index ? email.toUpperCase() : email },
          password: `${password} ${index}`,
        }),
    ),
  );
  const rows = await identity().database.sql`
    select distinct split_part(password_hash, '$', 5) as salt from identity.users where lower(email) = ${email}`;
  expect(rows).toHaveLength(1);
});

test("Unauthenticated: SQL in the fields finds nobody", async () => {
  for (const request of [
    { email: "o'brien@example.org", password: "' or '1'='1" },
    { apiKey: "sk_' or '1'='1" },
    { email: "a'--@example.org", password: "'; drop table identity.users; --" },
  ]) {
    expect(await failureOf(auth().issueToken(request))).toEqual(credentialInvalid);
  }
  expect(await identity().database.sql`select 1 from identity.users limit 1`).toHaveLength(1);
});

test.each([
  ["nothing", {}, ["request"]],
  ["password and key", { email: "a@example.org", password: "p", apiKey: "sk_x" }, ["request"]],
  ["no password", { email: "a@example.org" }, ["request"]],
  ["an org that is none", { email: "a@example.org", password: "p", org: "' or true" }, ["org"]],
  ["a look-alike address", { email: "\u0430dmin@example.org", password: "p" }, ["email"]],
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

test("Unauthenticated: only compat is told that the user of a right password is inactive", async () => {
  const { admin } = await newOrg(identity());
  const { userId, email } = await newUser(identity(), admin);
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId, active: false } });
  const compat = identity().client(AuthService, undefined, "compat");
  const metadata = { cause: "user_inactive" };
  expect(await failureOf(compat.issueToken({ email, password }))).toEqual({ ...credentialInvalid, metadata });
  expect(await failureOf(compat.issueToken({ email, password: "wrong" }))).toEqual(credentialInvalid);
});
