import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { UserSchema, UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
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
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const lastAdmin = (userId: string) => ({
  code: "FailedPrecondition",
  reason: "LAST_ADMIN",
  metadata: { user: userId },
});

const mask = (...paths: string[]) => ({ updateMask: { paths } });

test("OK: changes the fields that are set, and the etag", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const { user: changed } = await users.updateUser({
    user: { userId: user.userId, displayName: "New", roles: ["editor"], etag: user.etag },
  });
  expect(changed).toEqual({
    ...user,
    displayName: "New",
    roles: ["editor"],
    updateTime: expect.anything(),
    etag: "2",
  });
  expect((await users.getUser({ userId: user.userId })).user).toEqual(changed);
});

test("OK: without a mask, a user is made inactive, a name is taken away, and the whole user can be sent back", async () => {
  const { admin } = await newOrg(identity());
  const { userId } = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  const { user: inactive } = await users.updateUser({ user: { userId, active: false } });
  expect(inactive).toMatchObject({ active: false, displayName: "A colleague", etag: "2" });
  const { user: nameless } = await users.updateUser({
    user: { ...(inactive ?? create(UserSchema)), displayName: "" },
  });
  expect(nameless).toMatchObject({ active: false, displayName: "", etag: "3" });
});

test("InvalidArgument: without a mask, another value of a field that can't be changed", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  for (const given of [{ email: "x@y.org" }, { orgId: randomUUID() }, { createTime: { seconds: 1n } }]) {
    const [name = ""] = Object.keys(given).map((key) =>
      key.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`),
    );
    const call = users.updateUser({ user: { userId: user.userId, displayName: "x", ...given } });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [`user.${name}`] });
  }
  expect((await users.getUser({ userId: user.userId })).user).toEqual(user);
});

test("OK: with a mask, only the fields of the mask, also to nothing", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const { user: changed } = await identity()
    .client(UserService, admin)
    .updateUser({
      user: { userId: user.userId, displayName: "", roles: ["admin"] },
      ...mask("display_name"),
    });
  expect(changed).toMatchObject({ displayName: "", roles: ["viewer"], active: true });
});

test("OK: a user who is made inactive loses every login at once, and gets none back", async () => {
  const { admin } = await newOrg(identity());
  const user = await newUser(identity(), admin);
  const { accessToken } = await logIn(identity(), { email: user.email });
  const users = identity().client(UserService, admin);
  await users.updateUser({ user: { userId: user.userId, active: false }, ...mask("active") });
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect(await failureOf(logIn(identity(), { email: user.email }))).toEqual(credentialInvalid);
  await users.updateUser({ user: { userId: user.userId, active: true } });
  expect(await failureOf(verify(identity(), accessToken))).toEqual(credentialInvalid);
  expect((await logIn(identity(), { email: user.email })).tokenType).toBe("Bearer");
});

test("OK: an administrator steps down when another one stays", async () => {
  const { admin, user } = await newOrg(identity());
  await newUser(identity(), admin, { roles: ["admin"] });
  const { user: changed } = await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: user.userId, roles: ["viewer"] } });
  expect(changed?.roles).toEqual(["viewer"]);
});

test("FailedPrecondition: the last active administrator is demoted or deactivated", async () => {
  const { admin, user } = await newOrg(identity());
  const other = await newUser(identity(), admin, { roles: ["admin"] });
  const users = identity().client(UserService, admin);
  await users.updateUser({ user: { userId: other.userId, active: false }, ...mask("active") });
  for (const change of [
    { user: { userId: user.userId, roles: ["editor", "approver"] } },
    { user: { userId: user.userId, active: false }, ...mask("active") },
  ]) {
    expect(await failureOf(users.updateUser(change))).toEqual(lastAdmin(user.userId));
  }
  expect((await users.getUser({ userId: user.userId })).user).toEqual(user);
});

test("FailedPrecondition: the platform administrator, whoever asks", async () => {
  const { root } = identity();
  const colleague = principalOf(await newUser(identity(), root, { roles: ["admin"] }));
  for (const caller of [root, colleague]) {
    const users = identity().client(UserService, caller);
    for (const change of [
      { user: { userId: root.userId, roles: ["admin"] } },
      { user: { userId: root.userId, active: false }, ...mask("active") },
    ]) {
      expect(await failureOf(users.updateUser(change))).toEqual(lastAdmin(root.userId));
    }
  }
});

test("PermissionDenied: nobody makes another platform administrator", async () => {
  const { root } = identity();
  const user = await newUser(identity(), root);
  const call = identity()
    .client(UserService, root)
    .updateUser({ user: { userId: user.userId, roles: ["platform-admin"] } });
  expect(await failureOf(call)).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: { role: "platform-admin" },
  });
});

test("PermissionDenied: an editor, also on the own user", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newUser(identity(), admin, { roles: ["editor"] });
  const call = identity()
    .client(UserService, principalOf(editor))
    .updateUser({ user: { userId: editor.userId, roles: ["admin"] } });
  expect(await failureOf(call)).toEqual(lacking("users.write"));
});

test("Aborted: an etag of before, and one that is none", async () => {
  const { admin } = await newOrg(identity());
  const { userId, etag } = await newUser(identity(), admin);
  const users = identity().client(UserService, admin);
  await users.updateUser({ user: { userId, displayName: "first", etag } });
  for (const stale of [etag, "soup"]) {
    const call = users.updateUser({ user: { userId, displayName: "second", etag: stale } });
    expect(await failureOf(call)).toEqual({
      code: "Aborted",
      reason: "ETAG_MISMATCH",
      metadata: { user: userId },
    });
  }
});

test("OK: a user without a role in the organisation", async () => {
  const { admin } = await newOrg(identity());
  const { userId } = await newUser(identity(), admin, { roles: ["editor"] });
  const users = identity().client(UserService, admin);
  expect((await users.updateUser({ user: { userId }, ...mask("roles") })).user?.roles).toEqual([]);
});

test("NotFound: an unknown user and another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { user: stranger } = await newOrg(identity());
  for (const userId of [randomUUID(), stranger.userId]) {
    const call = identity()
      .client(UserService, admin)
      .updateUser({ user: { userId, displayName: "x" } });
    expect(await failureOf(call)).toEqual(missing("user", userId));
  }
});

test.each([
  ["no user", {}, ["user"]],
  ["no id", { user: { displayName: "x" } }, ["user"]],
  ["an id that is none", { user: { userId: "me" } }, ["user.user_id"]],
  ["an unknown role", { user: { userId: randomUUID(), roles: ["owner"] } }, ["user.roles[0]"]],
  ["an address in the mask", { user: { userId: randomUUID() }, ...mask("email") }, ["update_mask"]],
  ["nothing to change", { user: { userId: randomUUID() } }, ["user"]],
  ["only an address", { user: { userId: randomUUID(), email: "x@y.org" } }, ["user.email"]],
  ["no state for the mask", { user: { userId: randomUUID() }, ...mask("active") }, ["user.active"]],
  ["all fields, and one more", { user: { userId: randomUUID() }, ...mask("*", "active") }, ["update_mask"]],
  ["an unknown path", { user: { userId: randomUUID() }, ...mask("displayName") }, ["update_mask"]],
])("InvalidArgument: %s", async (_title, request, fields) => {
  const call = identity().client(UserService, principal()).updateUser(request);
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});
