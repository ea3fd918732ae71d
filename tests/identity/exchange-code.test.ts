import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { credentialInvalid, failureOf, newEmail, newOrg, verify } from "./fixtures.ts";
import { clientSecret, confidentialClientId, type Person } from "./oidc/provider.ts";
import { startScene } from "./oidc/scene.ts";

const byGroup = { claim: "groups", values: ["eng", "ops"], roles: ["editor"] };
const confidential = { client_id: confidentialClientId, client_secret: "oidc_corp" };

const scene = forFile(() =>
  startScene({
    corp: {},
    other: {},
    ruled: {
      default_roles: [],
      roles: [byGroup, { claim: ["realm_access", "roles"], values: ["boss"], roles: ["admin"] }],
      groups: [{ claim: "groups", prefix: "team-" }],
    },
    acme: { org: { name: "acme" }, roles: [{ claim: "groups", values: ["eng"], roles: ["viewer"] }] },
    mapped: { org: { claim: "groups", map: { blue: "main", red: "no-such-org" } } },
    confidential: { ...confidential, userinfo: true, clientSecretValue: clientSecret },
    post: { ...confidential, client_authentication: "post", clientSecretValue: clientSecret },
    misconfigured: { ...confidential, clientSecretValue: "another secret" },
    linking: { create_accounts: false, link_by_verified_email: true },
    closed: { create_accounts: false },
    assuming: { assume_email_verified: true },
    narrow: { groups: [{ claim: "groups", prefix: "group-77" }] },
    wide: { groups: [{ claim: "groups" }] },
  }),
);

const identity = () => scene().identity;
const auth = () => identity().client(AuthService, undefined);
const newPerson = (claims?: Person) => scene().newPerson(claims);
const users = () => identity().client(UserService, identity().root);

const groupsOf = async (userId: string) => (await users().getUser({ userId })).user?.groups;

const accountUnknown = (cause: string, issuer = "corp") => ({
  code: "PermissionDenied",
  reason: "ACCOUNT_UNKNOWN",
  metadata: { issuer, cause },
});

test("OK: the first sign-in creates the account, and the next one finds it", async () => {
  const email = newEmail();
  const subject = newPerson({ email });
  const tokens = await scene().signIn("corp", subject);
  expect(tokens).toMatchObject({
    refreshToken: expect.stringMatching(/^rt_/),
    tokenType: "Bearer",
    expiresIn: 900,
  });
  const { orgId, userId, roles } = await verify(identity(), tokens.accessToken);
  expect({ orgId, roles }).toEqual({ orgId: identity().root.orgId, roles: ["viewer"] });
  const { user } = await identity().client(UserService, { orgId, userId, roles }).getMe({});
  expect(user).toMatchObject({ orgId, email, displayName: "Ada Lovelace", active: true });
  expect(await scene().principalAfterSignIn("corp", subject)).toEqual({ orgId, userId, roles });
});

test("OK: an account of a sign-in has no password", async () => {
  const email = newEmail();
  await scene().signIn("corp", newPerson({ email }));
  for (const password of ["a", "a long enough password"]) {
    expect(await failureOf(auth().issueToken({ email, password }))).toMatchObject(credentialInvalid);
  }
});

test("OK: the tokens refresh, until the login ends", async () => {
  const { accessToken, refreshToken } = await scene().signIn("corp", newPerson());
  const next = await auth().refreshToken({ refreshToken });
  expect(decodeJwt(next.accessToken).sub).toBe(decodeJwt(accessToken).sub);

  const [login] = await identity().database.sql`
    select extract(epoch from end_time - create_time)::int as seconds from identity.logins
    where login_id = ${String(decodeJwt(accessToken).sid)}`;
  expect(login?.seconds).toBeCloseTo(12 * 3600, -2);
  await identity().database.sql`
    update identity.logins set end_time = now() where login_id = ${String(decodeJwt(accessToken).sid)}`;
  expect(await failureOf(verify(identity(), next.accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(auth().refreshToken({ refreshToken: next.refreshToken }))).toEqual(
    credentialInvalid,
  );
});

test("OK: two first sign-ins at the same time make one account", async () => {
  const subject = newPerson();
  const [first, second] = await Promise.all([
    scene().principalAfterSignIn("corp", subject),
    scene().principalAfterSignIn("corp", subject),
  ]);
  expect(first).toEqual(second);
});

test("OK: rules give roles and groups, anew at each sign-in", async () => {
  const { changePerson, principalAfterSignIn, signIn } = scene();
  const groups = ["eng", "team-b", "team-a", "team-a"];
  const subject = newPerson({ groups, realm_access: { roles: ["boss"] } });
  const { userId, roles } = await principalAfterSignIn("ruled", subject);
  expect(roles).toEqual(["admin", "editor"]);
  expect(await groupsOf(userId)).toEqual(["team-a", "team-b"]);

  const byHand = ["by-hand", "team-a", "team-b"];
  const { user } = await users().updateUser({ user: { userId, groups: byHand } });
  expect(user?.groups).toEqual(byHand);
  changePerson(subject, { groups: ["ops", "team-c"], realm_access: undefined });
  expect(await principalAfterSignIn("ruled", subject)).toMatchObject({ userId, roles: ["editor"] });
  // Groups that an administrator gave stay.
  expect(await groupsOf(userId)).toEqual(["by-hand", "team-c"]);

  changePerson(subject, { groups: ["other"] });
  expect(await failureOf(signIn("ruled", subject))).toEqual(accountUnknown("role_missing", "ruled"));
});

test("OK: a group of the rules has its grants, and a sign-in without the group has not", async () => {
  const group = `team-${crypto.randomUUID()}`;
  await identity()
    .client(GrantService, identity().root)
    .createGrant({ grant: { grantee: { case: "group", value: group }, role: "approver" } });
  const subject = newPerson({ groups: ["eng", group] });
  const rolesAfterSignIn = async () => (await scene().principalAfterSignIn("ruled", subject)).roles;
  expect(await rolesAfterSignIn()).toEqual(["approver", "editor"]);
  scene().changePerson(subject, { groups: ["eng"] });
  expect(await rolesAfterSignIn()).toEqual(["editor"]);
});

test("OK: the organisation's last administrator stays one, whatever the rules give", async () => {
  const { admin } = await newOrg(identity());
  await identity().database.sql`update identity.orgs set name = 'acme' where org_id = ${admin.orgId}`;
  const subject = newPerson({ groups: ["eng"] });
  const rolesAfterSignIn = async () => (await scene().principalAfterSignIn("acme", subject)).roles;
  const { userId } = await scene().principalAfterSignIn("acme", subject);
  const setRoles = (user: string, roles: string[]) =>
    identity()
      .client(UserService, admin)
      .updateUser({ user: { userId: user, roles } });
  await setRoles(userId, ["admin"]);
  await setRoles(admin.userId, ["viewer"]);
  expect(await rolesAfterSignIn()).toEqual(["admin", "viewer"]);

  await setRoles(admin.userId, ["admin"]);
  expect(await rolesAfterSignIn()).toEqual(["viewer"]);
});

test("OK: a claim names the organisation, by a map", async () => {
  const blue = await scene().principalAfterSignIn("mapped", newPerson({ groups: ["x", "blue"] }));
  expect(blue.orgId).toBe(identity().root.orgId);
  for (const groups of [["red"], ["blue", "red"], ["x"], ["__proto__"], [], undefined]) {
    const call = scene().signIn("mapped", newPerson({ groups }));
    expect(await failureOf(call)).toEqual(accountUnknown("org_unknown", "mapped"));
  }
});

test("OK: a client with a secret, and claims of the userinfo endpoint", async () => {
  for (const name of ["confidential", "post"]) {
    expect(await scene().principalAfterSignIn(name, newPerson())).toMatchObject({ roles: ["viewer"] });
  }
});

test("OK: an account is linked by its verified address if the settings say so", async () => {
  const email = newEmail();
  const { user } = await users().createUser({
    user: { email },
    password: "a long enough password",
    roles: ["editor"],
  });
  const linked = await scene().principalAfterSignIn("linking", newPerson({ email: email.toUpperCase() }));
  expect(linked).toMatchObject({ userId: user?.userId, roles: ["editor"] });

  const successor = newPerson({ email });
  expect(await failureOf(scene().signIn("linking", successor))).toEqual(
    accountUnknown("email_taken", "linking"),
  );
  const unverified = newPerson({ email, email_verified: false });
  expect(await failureOf(scene().signIn("linking", unverified))).toEqual(
    accountUnknown("email_unverified", "linking"),
  );
});

test("PermissionDenied: the platform administrator's account is never linked", async () => {
  const call = scene().signIn("linking", newPerson({ email: "admin@sluice.local" }));
  expect(await failureOf(call)).toEqual(accountUnknown("email_taken", "linking"));
});

test("PermissionDenied: the user of a service is never linked", async () => {
  const email = newEmail();
  const { user } = await users().createUser({ user: { email }, password: "a long enough password" });
  await identity().database.sql`
    update identity.users set kind = 'service' where user_id = ${user?.userId ?? ""}`;
  const call = scene().signIn("linking", newPerson({ email }));
  expect(await failureOf(call)).toEqual(accountUnknown("email_taken", "linking"));
});

test("PermissionDenied: an account with the address exists, and is not taken over", async () => {
  const email = newEmail();
  await users().createUser({ user: { email }, password: "a long enough password" });
  const call = scene().signIn("corp", newPerson({ email }));
  expect(await failureOf(call)).toEqual(accountUnknown("email_taken"));
});

test.each([
  ["email_unverified", "a false email_verified", { email_verified: false }],
  ["email_unverified", "a text as email_verified", { email_verified: "true" }],
  ["email_unverified", "no email_verified", { email_verified: undefined }],
  ["email_missing", "no address", { email: undefined }],
  ["email_missing", "an invalid address", { email: "not an address" }],
  ["email_missing", "a long address", { email: `${"a".repeat(250)}@example.org` }],
])("PermissionDenied: %s with %s", async (cause, _title, claims) => {
  expect(await failureOf(scene().signIn("corp", newPerson(claims)))).toEqual(accountUnknown(cause));
});

test("OK: an issuer that never says whether addresses are verified; PermissionDenied: one that denies it", async () => {
  const silent = newPerson({ email_verified: undefined });
  expect(await scene().principalAfterSignIn("assuming", silent)).toMatchObject({ roles: ["viewer"] });
  const call = scene().signIn("assuming", newPerson({ email_verified: false }));
  expect(await failureOf(call)).toEqual(accountUnknown("email_unverified", "assuming"));
});

test("PermissionDenied: no account, where sign-ins create none", async () => {
  for (const name of ["closed", "linking"]) {
    expect(await failureOf(scene().signIn(name, newPerson()))).toEqual(
      accountUnknown("account_missing", name),
    );
  }
});

test("PermissionDenied: an account that was deactivated stays out", async () => {
  const subject = newPerson();
  const { userId } = await scene().principalAfterSignIn("corp", subject);
  await users().updateUser({ user: { userId, active: false }, updateMask: { paths: ["active"] } });
  expect(await failureOf(scene().signIn("corp", subject))).toEqual(accountUnknown("account_inactive"));
  const refusals = () => scene().identity.database.sql`select method from identity.audit_events
    where resource = ${`users/${userId}`} and outcome = 'AUDIT_OUTCOME_REFUSED'`;
  await expect.poll(refusals, { timeout: 30_000 }).toEqual([{ method: "AUDIT_METHOD_OIDC" }]);
});

test("PermissionDenied: ten thousand groups; OK: the few that a prefix leaves of them", async () => {
  const groups = Array.from({ length: 10_000 }, (_, index) => `group-${index}`);
  const refused = await failureOf(scene().signIn("wide", newPerson({ groups })));
  expect(refused).toEqual(accountUnknown("groups_exceeded", "wide"));
  const { userId } = await scene().principalAfterSignIn("narrow", newPerson({ groups }));
  expect(await groupsOf(userId)).toHaveLength(111);
});

test("PermissionDenied: a claim of the rules that the token only refers to", async () => {
  const subject = newPerson({ _claim_names: { groups: "src1" } });
  expect(await failureOf(scene().signIn("wide", subject))).toEqual(
    accountUnknown("claim_distributed", "wide"),
  );
});

test("Unauthenticated: a code that was used before, was never issued, or is of another request", async () => {
  const used = await scene().authorized("corp", newPerson());
  await auth().exchangeCode({ issuer: "corp", ...used });
  expect(await failureOf(auth().exchangeCode({ issuer: "corp", ...used }))).toEqual(credentialInvalid);
  const wrong = [
    { code: "never-issued" },
    { codeVerifier: "v".repeat(43) },
    { nonce: "n".repeat(16) },
    { redirectUri: "http://127.0.0.1:51005/callback" },
    { redirectUri: "http://[::1]:51004/callback" },
  ];
  for (const part of wrong) {
    const request = { issuer: "corp", ...(await scene().authorized("corp", newPerson())), ...part };
    expect(await failureOf(auth().exchangeCode(request))).toEqual(credentialInvalid);
  }
});

test("Unauthenticated: a code of one issuer is not another one's", async () => {
  const { iss, ...ofCorp } = await scene().authorized("corp", newPerson());
  const other = scene().provider("other");
  const { count } = other.requests;
  // The issuers announce `iss`: neither another one's nor none is accepted, and the code is sent nowhere.
  for (const named of [iss, ""]) {
    const call = auth().exchangeCode({ issuer: "other", ...ofCorp, iss: named });
    expect(await failureOf(call)).toEqual(credentialInvalid);
  }
  expect(other.requests.count).toBe(count);
  const lying = auth().exchangeCode({ issuer: "other", ...ofCorp, iss: other.url });
  expect(await failureOf(lying)).toEqual(credentialInvalid);
  expect(other.requests.count).toBe(count + 1);
});

test("Unavailable: the issuer refuses Sluice's own secret", async () => {
  expect(await failureOf(scene().signIn("misconfigured", newPerson()))).toEqual({
    code: "Unavailable",
    reason: "ISSUER_UNAVAILABLE",
    metadata: { issuer: "misconfigured" },
  });
});

const request = {
  issuer: "corp",
  code: "c",
  codeVerifier: "v".repeat(43),
  nonce: "n".repeat(16),
  redirectUri: "http://127.0.0.1:1/",
};

test("NotFound: an issuer that is not configured", async () => {
  expect(await failureOf(auth().exchangeCode({ ...request, issuer: "unknown" }))).toEqual({
    code: "NotFound",
    reason: "RESOURCE_NOT_FOUND",
    metadata: { issuer: "unknown" },
  });
});

test.each([
  ["another host", "redirect_uri", { redirectUri: "https://evil.example.org/callback" }],
  ["a name of this host", "redirect_uri", { redirectUri: "http://localhost:51004/callback" }],
  ["a host that begins alike", "redirect_uri", { redirectUri: "http://127.0.0.1.evil.example.org/" }],
  ["a user's name", "redirect_uri", { redirectUri: "http://evil@127.0.0.1:51004/callback" }],
  ["a fragment", "redirect_uri", { redirectUri: "http://127.0.0.1:51004/callback#x" }],
  ["no redirect URI", "redirect_uri", { redirectUri: "" }],
  ["a short verifier", "code_verifier", { codeVerifier: "short" }],
  ["a verifier of two lines", "code_verifier", { codeVerifier: `${"v".repeat(43)}\n` }],
  ["a short nonce", "nonce", { nonce: "short" }],
  ["no code", "code", { code: "" }],
  ["a long code", "code", { code: "c".repeat(4097) }],
  ["no issuer", "issuer", { issuer: "" }],
])("InvalidArgument: %s", async (_title, field, part) => {
  const call = auth().exchangeCode({ ...request, ...part });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});
