import { expect, test } from "vitest";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, missing, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

test("OK: changes the caller's own name, without a permission, and nobody else's", async () => {
  const { admin, user: other } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, principalOf(user));
  const { user: changed } = await users.updateMe({
    user: { displayName: "Zoe\u0308; drop table users", userId: other.userId, etag: user.etag },
  });
  expect(changed).toEqual({
    ...user,
    displayName: "Zo\u00eb; drop table users",
    updateTime: expect.anything(),
    etag: "2",
  });
  expect((await users.getMe({})).user).toEqual(changed);
  expect((await users.getUser({ userId: other.userId })).user).toEqual(other);
  const cleared = await users.updateMe({ user: {}, updateMask: { paths: ["display_name"] } });
  expect(cleared.user?.displayName).toBe("");
});

test("Aborted: an etag of before", async () => {
  const { user } = await newOrg(identity());
  const users = identity().client(UserService, principalOf(user));
  await users.updateMe({ user: { displayName: "first", etag: user.etag } });
  const call = users.updateMe({ user: { displayName: "second", etag: user.etag } });
  expect(await failureOf(call)).toEqual({
    code: "Aborted",
    reason: "ETAG_MISMATCH",
    metadata: { user: user.userId },
  });
});

test.each([
  ["no user", {}, ["user"]],
  ["roles in the mask", { user: { roles: ["admin"] }, updateMask: { paths: ["roles"] } }, ["update_mask"]],
  ["active in the mask", { user: { active: true }, updateMask: { paths: ["active"] } }, ["update_mask"]],
  ["a long name", { user: { displayName: "n".repeat(201) } }, ["user.display_name"]],
  ["a control character", { user: { displayName: "a\u0007" } }, ["user.display_name"]],
])("InvalidArgument: %s", async (_title, request, fields) => {
  const { admin } = await newOrg(identity());
  const call = identity().client(UserService, admin).updateMe(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});

test("NotFound: a caller who was removed", async () => {
  const caller = principal();
  const call = identity()
    .client(UserService, caller)
    .updateMe({ user: { displayName: "x" } });
  expect(await failureOf(call)).toEqual(missing("user", caller.userId));
});
