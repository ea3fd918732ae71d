import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, missing, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: GetUser and GetMe answer a user, whatever the role of the caller", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, principalOf(user));
  expect((await users.getUser({ userId: user.userId })).user).toEqual(user);
  expect((await users.getMe({})).user).toEqual(user);
});

test("NotFound: GetUser of an unknown user and of another organisation's, for a platform administrator too", async () => {
  const { admin } = await newOrg(identity());
  const { user: stranger } = await newOrg(identity());
  for (const userId of [randomUUID(), stranger.userId]) {
    for (const caller of [admin, identity().root]) {
      const call = identity().client(UserService, caller).getUser({ userId });
      expect(await failureOf(call)).toEqual(missing("user", userId));
    }
  }
});

test("InvalidArgument: GetUser with an id that is none", async () => {
  const call = identity().client(UserService, principal()).getUser({ userId: "me" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["user_id"] });
});
