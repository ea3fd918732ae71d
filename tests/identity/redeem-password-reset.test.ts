import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { credentialInvalid, failureOf, logIn, newOrg, newUser, startIdentity, verify } from "./fixtures.ts";

const identity = forFile(startIdentity);

const newPassword = "a password that is new";
const invalid = { code: "FailedPrecondition", reason: "RESET_TOKEN_INVALID", metadata: {} };
const place = { headers: { "x-sluice-client-address": "192.0.2.1" } };

const redeem = (resetToken: string, password = newPassword) =>
  identity().client(AuthService, undefined).redeemPasswordReset({ resetToken, newPassword: password }, place);

async function newReset() {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const { resetToken } = await users.resetPassword({ userId: user.userId });
  return { user, users, resetToken };
}

test("OK: the new password counts, every login ends, and failures at this place are forgotten", async () => {
  const { user, resetToken } = await newReset();
  const { accessToken } = await logIn(identity(), { email: user.email });
  for (let count = 0; count < 10; count += 1) {
    await failureOf(logIn(identity(), { email: user.email, password: "forgotten", ...place }));
  }
  await redeem(resetToken);
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(logIn(identity(), { email: user.email }))).toEqual(credentialInvalid);
  const login = await logIn(identity(), { email: user.email, password: newPassword, ...place });
  expect(login.tokenType).toBe("Bearer");
});

test("FailedPrecondition: a token that was spent, and all but one of racing uses", async () => {
  const { resetToken } = await newReset();
  const racing = await Promise.allSettled(Array.from({ length: 4 }, () => redeem(resetToken)));
  expect(racing.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await failureOf(redeem(resetToken))).toEqual(invalid);
});

test("FailedPrecondition: an unknown and an expired token, and one of a user who is not active", async () => {
  const { user, users, resetToken } = await newReset();
  for (const token of ["pr_unknown", "' or true --", "\0"]) {
    expect(await failureOf(redeem(token))).toEqual(invalid);
  }
  await users.updateUser({ user: { userId: user.userId, active: false }, updateMask: { paths: ["active"] } });
  expect(await failureOf(redeem(resetToken))).toEqual(invalid);
  await users.updateUser({ user: { userId: user.userId, active: true } });
  await identity().database.sql`
    update identity.password_resets set expire_time = now() where user_id = ${user.userId}`;
  expect(await failureOf(redeem(resetToken))).toEqual(invalid);
  expect((await logIn(identity(), { email: user.email })).tokenType).toBe("Bearer");
});

test("InvalidArgument: a refused password spends no token", async () => {
  const { user, resetToken } = await newReset();
  expect(await failureOf(redeem(resetToken, `i am ${user.email}`))).toEqual({
    code: "InvalidArgument",
    reason: "PASSWORD_REFUSED",
    metadata: { cause: "own_word" },
    fields: ["new_password"],
  });
  await redeem(resetToken);
});

test.each([
  ["no token", { newPassword }, ["reset_token"]],
  ["a huge token", { resetToken: "t".repeat(257), newPassword }, ["reset_token"]],
  ["a short password", { resetToken: "pr_x", newPassword: "short" }, ["new_password"]],
])("InvalidArgument: %s", async (_title, request, fields) => {
  const call = identity().client(AuthService, undefined).redeemPasswordReset(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});
