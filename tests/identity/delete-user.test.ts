import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  failureOf,
  lacking,
  logIn,
  missing,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
  verify,
  verifyApiKey,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: removes the user with every login and key, and frees the address", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor"] });
  const { accessToken } = await logIn(identity(), { email: user.email });
  const { secret } = await identity()
    .client(ApiKeyService, principalOf(user))
    .createApiKey({ apiKey: { displayName: "key" } });
  const users = identity().client(UserService, admin);

  await users.deleteUser({ userId: user.userId });
  expect(await failureOf(users.getUser({ userId: user.userId }))).toEqual(missing("user", user.userId));
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(verifyApiKey(identity(), secret))).toEqual(credentialInvalid);
  const [left] = await identity().database.sql`
    select (select count(*)::int from identity.logins where user_id = ${user.userId}) as logins,
      (select count(*)::int from identity.api_keys where user_id = ${user.userId}) as keys`;
  expect(left).toEqual({ logins: 0, keys: 0 });
  expect((await newUser(identity(), admin, { email: user.email })).userId).not.toBe(user.userId);
});

test("FailedPrecondition: the last administrator and the platform administrator", async () => {
  const { admin } = await newOrg(identity());
  await newUser(identity(), identity().root, { roles: ["admin"] });
  for (const caller of [admin, identity().root]) {
    const call = identity().client(UserService, caller).deleteUser({ userId: caller.userId });
    expect(await failureOf(call)).toEqual({
      code: "FailedPrecondition",
      reason: "LAST_ADMIN",
      metadata: { user: caller.userId },
    });
  }
});

test("NotFound: an unknown user, one removed before, and another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { user: stranger } = await newOrg(identity());
  const removed = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  await users.deleteUser({ userId: removed.userId });
  for (const userId of [randomUUID(), removed.userId, stranger.userId]) {
    expect(await failureOf(users.deleteUser({ userId }))).toEqual(missing("user", userId));
  }
});

test("InvalidArgument: an id that is none", async () => {
  const call = identity().client(UserService, principal()).deleteUser({ userId: "me" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["user_id"] });
});

test("PermissionDenied: an editor", async () => {
  const caller = principal({ roles: ["editor"] });
  const call = identity().client(UserService, caller).deleteUser({ userId: caller.userId });
  expect(await failureOf(call)).toEqual(lacking("users.write"));
});
