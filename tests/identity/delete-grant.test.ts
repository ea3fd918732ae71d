import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import {
  failureOf,
  lacking,
  logIn,
  missing,
  newEditor,
  newOrg,
  newUser,
  startIdentity,
  verify,
} from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(GrantService, who);
const user = (userId: string) => ({ case: "userId" as const, value: userId });

test("OK: a role that is taken back is gone with the next verification", async () => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["viewer"] });
  const { grant } = await as(admin).createGrant({
    grant: { grantee: user(colleague.userId), role: "editor", namespace: "default" },
  });
  const { accessToken } = await logIn(identity(), colleague);
  expect((await verify(identity(), accessToken)).grants).toHaveLength(1);
  await as(admin).deleteGrant({ grantId: grant?.grantId ?? "" });
  expect((await verify(identity(), accessToken)).grants).toEqual([]);
});

test("FailedPrecondition: the last administrator's role, also one by a group", async () => {
  const { admin } = await newOrg(identity());
  const { grants } = await as(admin).listGrants({ userId: admin.userId });
  const [own] = grants;
  expect(await failureOf(as(admin).deleteGrant({ grantId: own?.grantId ?? "" }))).toMatchObject({
    code: "FailedPrecondition",
    reason: "LAST_ADMIN",
  });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: admin.userId, groups: ["admins"] } });
  const { grant } = await as(admin).createGrant({
    grant: { grantee: { case: "group", value: "admins" }, role: "admin" },
  });
  await as(admin).deleteGrant({ grantId: own?.grantId ?? "" });
  expect(await failureOf(as(admin).deleteGrant({ grantId: grant?.grantId ?? "" }))).toMatchObject({
    reason: "LAST_ADMIN",
  });
});

test("NotFound: another organisation's grant, one outside of one's namespace, and none", async () => {
  const { admin } = await newOrg(identity());
  const { grants } = await as(admin).listGrants({});
  const grantId = grants[0]?.grantId ?? "";
  const stranger = (await newOrg(identity())).admin;
  const steward: Principal = { ...admin, roles: [], grants: [{ namespace: "default", roles: ["admin"] }] };
  for (const [who, id] of [
    [stranger, grantId],
    [steward, grantId],
    [admin, randomUUID()],
  ] as const) {
    expect(await failureOf(as(who).deleteGrant({ grantId: id }))).toEqual(missing("grant", id));
  }
});

test("InvalidArgument: no id; PermissionDenied: an editor", async () => {
  const { admin } = await newOrg(identity());
  expect(await failureOf(as(admin).deleteGrant({ grantId: "1" }))).toMatchObject({ fields: ["grant_id"] });
  const editor = await newEditor(identity(), admin);
  expect(await failureOf(as(editor).deleteGrant({ grantId: randomUUID() }))).toEqual(lacking("grants.write"));
});
