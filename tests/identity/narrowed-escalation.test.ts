import { expect, test } from "vitest";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { failureOf, newEmail, newOrg, newUser, password, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);
const usersAs = (who: Principal) => identity().client(UserService, who);

/** An administrator, a key of theirs that may write users only, and a group of administrators with one member. */
async function newScene() {
  const { admin } = await newOrg(identity());
  const clerk: Principal = { ...admin, limit: { permissions: ["users.write"], namespaces: [] } };
  await identity()
    .client(GrantService, admin)
    .createGrant({ grant: { grantee: { case: "group", value: "chiefs" }, role: "admin" } });
  const chief = await newUser(identity(), admin, { roles: [] });
  await usersAs(admin).updateUser({ user: { userId: chief.userId, groups: ["chiefs"] } });
  return { admin, clerk, chief, member: await newUser(identity(), admin, { roles: [] }) };
}

const chiefs = {
  code: "PermissionDenied",
  reason: "PERMISSION_MISSING",
  metadata: { group: "chiefs", role: "admin" },
};

test("PermissionDenied: a key that is narrowed to users.write puts nobody into a group of administrators", async () => {
  const { admin, clerk, member } = await newScene();
  const user = { userId: member.userId, groups: ["chiefs"] };
  expect(await failureOf(usersAs(clerk).updateUser({ user }))).toEqual(chiefs);
  const others = { userId: member.userId, groups: ["readers"] };
  expect((await usersAs(clerk).updateUser({ user: others })).user?.groups).toEqual(["readers"]);
  expect((await usersAs(admin).updateUser({ user })).user?.groups).toEqual(["chiefs"]);
  const kept = { userId: member.userId, groups: ["chiefs", "readers"] };
  expect((await usersAs(clerk).updateUser({ user: kept })).user?.groups).toEqual(kept.groups);
});

test("PermissionDenied: a new user in a group whose roles exceed the caller's in a namespace", async () => {
  const { admin } = await newScene();
  const elsewhere: Principal = {
    ...admin,
    roles: ["viewer"],
    grants: [{ namespace: "default", roles: ["admin"] }],
  };
  await identity()
    .client(GrantService, elsewhere)
    .createGrant({
      grant: { grantee: { case: "group", value: "stewards" }, role: "admin", namespace: "default" },
    });
  const clerk: Principal = { ...admin, limit: { permissions: ["users.write"], namespaces: [] } };
  const user = { email: newEmail(), groups: ["stewards"] };
  expect((await failureOf(usersAs(clerk).createUser({ user, password }))).code).toBe("PermissionDenied");
  expect((await usersAs(admin).createUser({ user, password })).user?.groups).toEqual(["stewards"]);
});

test("PermissionDenied: a reset of the password of one who administers by a group, or in a namespace", async () => {
  const { admin, clerk, chief, member } = await newScene();
  const outranked = (userId: string) => ({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: { user: userId },
  });
  expect(await failureOf(usersAs(clerk).resetPassword({ userId: chief.userId }))).toEqual(
    outranked(chief.userId),
  );
  expect((await usersAs(clerk).resetPassword({ userId: member.userId })).resetToken).toMatch(/^pr_/);
  await identity()
    .client(GrantService, admin)
    .createGrant({
      grant: { grantee: { case: "userId", value: member.userId }, role: "editor", namespace: "default" },
    });
  expect(await failureOf(usersAs(clerk).resetPassword({ userId: member.userId }))).toEqual(
    outranked(member.userId),
  );
  expect((await usersAs(admin).resetPassword({ userId: chief.userId })).resetToken).toMatch(/^pr_/);
});

test("PermissionDenied: a reset by a delegated call, which the token would outlive", async () => {
  const { admin, member } = await newScene();
  const delegate = { userId: identity().root.userId, apiKeyId: "33333333-3333-7333-8333-333333333333" };
  const call = usersAs({ ...admin, delegate }).resetPassword({ userId: member.userId });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied", reason: "PERMISSION_MISSING" });
});
