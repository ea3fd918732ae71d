import { randomUUID } from "node:crypto";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  failureOf,
  lacking,
  logIn,
  missing,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: answers a token for a day, which replaces an earlier one, and keeps the password until then", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const first = await users.resetPassword({ userId: user.userId });
  const { resetToken, expireTime } = await users.resetPassword({ userId: user.userId });
  expect(resetToken).toMatch(/^pr_[\w-]{43}$/);
  const [row] = await identity().database.sql`
    select expire_time - now() between interval '23 hours' and interval '24 hours' as day, expire_time,
      position(${resetToken.slice(3)} in r::text) as shown
    from identity.password_resets r where user_id = ${user.userId}`;
  expect(row).toEqual({
    day: true,
    expire_time: new Date(expireTime ? timestampMs(expireTime) : 0),
    shown: 0,
  });
  expect((await logIn(identity(), { email: user.email })).tokenType).toBe("Bearer");

  const redeem = (token: string) =>
    identity()
      .client(AuthService, undefined)
      .redeemPasswordReset({ resetToken: token, newPassword: "a password that is new" });
  expect((await failureOf(redeem(first.resetToken))).reason).toBe("RESET_TOKEN_INVALID");
  await redeem(resetToken);
});

test("OK: a lifetime of the caller's choice", async () => {
  const { admin, user } = await newOrg(identity());
  await identity().client(UserService, admin).resetPassword({ userId: user.userId, lifetimeSeconds: 60 });
  const [row] = await identity().database.sql`
    select expire_time <= now() + interval '60 seconds' as soon from identity.password_resets
    where user_id = ${user.userId}`;
  expect(row).toEqual({ soon: true });
});

test("PermissionDenied: a user who outranks the caller, and a caller without the permission", async () => {
  const { root } = identity();
  const admin = principalOf(await newUser(identity(), root, { roles: ["admin"] }));
  expect(
    await failureOf(identity().client(UserService, admin).resetPassword({ userId: root.userId })),
  ).toEqual({ code: "PermissionDenied", reason: "PERMISSION_MISSING", metadata: { user: root.userId } });
  const editor = principalOf(await newUser(identity(), root, { roles: ["editor"] }));
  expect(
    await failureOf(identity().client(UserService, editor).resetPassword({ userId: editor.userId })),
  ).toEqual(lacking("users.write"));
});

test("NotFound: an unknown user and another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { user: stranger } = await newOrg(identity());
  for (const userId of [randomUUID(), stranger.userId]) {
    const call = identity().client(UserService, admin).resetPassword({ userId });
    expect(await failureOf(call)).toEqual(missing("user", userId));
  }
});

test.each([
  ["an id that is none", { userId: "' or true --" }, ["user_id"]],
  ["a short lifetime", { userId: randomUUID(), lifetimeSeconds: 59 }, ["lifetime_seconds"]],
  ["a long lifetime", { userId: randomUUID(), lifetimeSeconds: 604_801 }, ["lifetime_seconds"]],
])("InvalidArgument: %s", async (_title, request, fields) => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(identity().client(UserService, admin).resetPassword(request))).toEqual({
    code: "InvalidArgument",
    fields,
  });
});
