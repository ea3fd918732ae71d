import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import {
  credentialInvalid,
  failureOf,
  logIn,
  newOrg,
  password,
  startIdentity,
  verify,
  verifyApiKey,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const newPassword = "a password that is new";

/** A user with a login, as the edge asserts it. */
async function newLogin() {
  const { user, admin } = await newOrg(identity());
  const tokens = await logIn(identity(), { email: user.email });
  const { loginId } = await verify(identity(), tokens.accessToken);
  return { user, admin, tokens, caller: { ...admin, loginId } };
}

const change = (caller: Principal, request: { oldPassword: string; newPassword: string }) =>
  identity().client(UserService, caller).changePassword(request);

const onlyByLogin = { code: "PermissionDenied", reason: "PERMISSION_MISSING", metadata: {} };

test("OK: the new password counts, other logins end, and the caller's and its keys go on", async () => {
  const { user, tokens, caller } = await newLogin();
  const other = await logIn(identity(), { email: user.email });
  const { secret } = await identity()
    .client(ApiKeyService, caller)
    .createApiKey({ apiKey: { displayName: "key" } });
  await change(caller, { oldPassword: password, newPassword });

  expect(await verify(identity(), tokens.accessToken)).toMatchObject({ userId: user.userId });
  const { refreshToken } = tokens;
  const auth = identity().client(AuthService, undefined);
  expect((await auth.refreshToken({ refreshToken })).tokenType).toBe("Bearer");
  expect(await verifyApiKey(identity(), secret)).toMatchObject({ userId: user.userId });
  expect(await failureOf(verify(identity(), other.accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(logIn(identity(), { email: user.email }))).toEqual(credentialInvalid);
  expect((await logIn(identity(), { email: user.email, password: newPassword })).tokenType).toBe("Bearer");
});

test("OK: no login with the old password outlives the change", async () => {
  const { user, caller } = await newLogin();
  const logins = Array.from({ length: 6 }, () => logIn(identity(), { email: user.email }));
  const [settled] = await Promise.all([
    Promise.allSettled(logins),
    change(caller, { oldPassword: password, newPassword }),
  ]);
  const issued = settled.flatMap((login) => (login.status === "fulfilled" ? [login.value] : []));
  for (const { accessToken } of issued) {
    expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  }
});

test("OK: of racing changes one is made", async () => {
  const { caller } = await newLogin();
  const answers = await Promise.allSettled(
    Array.from({ length: 4 }, (_, index) =>
      change(caller, { oldPassword: password, newPassword: `${newPassword} ${index}` }),
    ),
  );
  expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("PermissionDenied: an API key, a login with one, and a login of somebody else", async () => {
  const { caller, admin } = await newLogin();
  const stranger = await newLogin();
  const { secret, apiKey } = await identity()
    .client(ApiKeyService, caller)
    .createApiKey({ apiKey: { displayName: "key" } });
  const { accessToken } = await identity().client(AuthService, undefined).issueToken({ apiKey: secret });
  const { loginId } = await verify(identity(), accessToken);
  for (const who of [
    { ...admin, apiKeyId: apiKey?.apiKeyId ?? "" },
    { ...admin, loginId },
    { ...admin, loginId: stranger.caller.loginId },
    { ...admin, loginId: randomUUID() },
  ]) {
    expect(await failureOf(change(who, { oldPassword: password, newPassword }))).toEqual(onlyByLogin);
  }
});

test("Unauthenticated: a wrong old password", async () => {
  const { user, caller } = await newLogin();
  expect(await failureOf(change(caller, { oldPassword: "wrong", newPassword }))).toEqual(credentialInvalid);
  expect((await logIn(identity(), { email: user.email })).tokenType).toBe("Bearer");
});

test("ResourceExhausted: guesses of the old password, with a token that was stolen", async () => {
  const { user, caller } = await newLogin();
  await identity().database.sql`
    insert into identity.login_attempts (subject, times)
    select ${`user ${user.userId}`}, array_agg(now()) from generate_series(1, 20)`;
  expect(await failureOf(change(caller, { oldPassword: password, newPassword }))).toEqual({
    code: "ResourceExhausted",
    reason: "LOGIN_ATTEMPTS_EXCEEDED",
    metadata: { of: "account", limit: "10", retryAfterSeconds: expect.stringMatching(/^\d{3}$/) },
  });
});

test("InvalidArgument: a password that the policy refuses, and one of a wrong length", async () => {
  const { user, caller } = await newLogin();
  const own = { oldPassword: password, newPassword: `${user.email.split("@")[0]} at home` };
  expect(await failureOf(change(caller, own))).toEqual({
    code: "InvalidArgument",
    reason: "PASSWORD_REFUSED",
    metadata: { cause: "own_word" },
    fields: ["new_password"],
  });
  for (const wrong of ["short", "p".repeat(129)]) {
    expect(await failureOf(change(caller, { oldPassword: password, newPassword: wrong }))).toEqual({
      code: "InvalidArgument",
      fields: ["new_password"],
    });
  }
});
