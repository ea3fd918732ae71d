import { expect, test } from "vitest";
import { AccountService } from "../../gen/sluice/identity/v1/accounts_pb.ts";
import { AuditService } from "../../gen/sluice/identity/v1/audit_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  failureOf,
  logInAs,
  missing,
  newEmail,
  newOrg,
  newUser,
  password,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const register = (org: string, email: string, more: { role?: string; password?: string } = {}) =>
  identity()
    .client(AccountService, undefined, "compat")
    .registerUser({ org, email, password, displayName: "Ann", role: "viewer", ...more });

test("OK: adds a user of the organisation that is named, with the one role, who can log in", async () => {
  const { orgId, admin } = await newOrg(identity());
  const email = newEmail();
  const { user } = await register(`org-${orgId}`, email, { role: "editor" });
  expect(user).toMatchObject({ orgId, email, displayName: "Ann", roles: ["editor"], active: true });
  expect(await logInAs(identity(), { email })).toMatchObject({ orgId, userId: user?.userId });
  const { users } = await identity().client(UserService, admin).listUsers({});
  expect(users.map(({ userId }) => userId)).toContain(user?.userId);
});

test("OK: the organisation's audit tells of it, without an actor", async () => {
  const { orgId, admin } = await newOrg(identity());
  const { user } = await register(`org-${orgId}`, newEmail());
  const { events } = await identity()
    .client(AuditService, admin)
    .listAuditEvents({ kinds: ["user.created"] });
  expect(events).toMatchObject([
    {
      resource: `users/${user?.userId}`,
      actorUserId: "",
      detailsJson: '{"registered":true,"roles":["viewer"]}',
    },
  ]);
});

test("NotFound: there is no such organisation", async () => {
  const org = "org-of-nobody";
  expect(await failureOf(register(org, newEmail()))).toEqual(missing("org", org));
});

test("AlreadyExists: the e-mail address is taken, and of racing registrations one wins", async () => {
  const { orgId, admin } = await newOrg(identity());
  const { email } = await newUser(identity(), admin);
  const taken = { code: "AlreadyExists", reason: "RESOURCE_EXISTS" };
  expect(await failureOf(register(`org-${orgId}`, email))).toMatchObject(taken);
  const contested = newEmail();
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => register(`org-${orgId}`, contested)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.each([
  ["role", { role: "admin" }],
  ["password", { password: "short" }],
])("InvalidArgument: %s is not one to register with", async (field, more) => {
  const { orgId } = await newOrg(identity());
  const failure = await failureOf(register(`org-${orgId}`, newEmail(), more));
  expect(failure).toMatchObject({ code: "InvalidArgument" });
  expect(JSON.stringify(failure)).toContain(field);
});

test("PermissionDenied: the edge, so nobody registers past the settings of compat", async () => {
  const { orgId } = await newOrg(identity());
  const call = identity()
    .client(AccountService, undefined)
    .registerUser({ org: `org-${orgId}`, email: newEmail(), password, role: "viewer" });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
});
