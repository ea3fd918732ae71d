import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { GrantService } from "../../gen/sluice/identity/v1/grants_pb.ts";
import { NamespaceService } from "../../gen/sluice/identity/v1/namespaces_pb.ts";
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
  principalOf,
  startIdentity,
  verify,
  verifyApiKey,
} from "./fixtures.ts";

const identity = forFile(startIdentity);
const as = (who: Principal) => identity().client(GrantService, who);
const user = (userId: string) => ({ case: "userId" as const, value: userId });

async function newTeam() {
  const { admin } = await newOrg(identity());
  await identity()
    .client(NamespaceService, admin)
    .createNamespace({ namespace: { name: "team" } });
  return { admin, colleague: await newUser(identity(), admin, { roles: ["viewer"] }) };
}

test("OK: a role in one namespace and one by a group count from the next verification on", async () => {
  const { admin, colleague } = await newTeam();
  const grantee = user(colleague.userId);
  const { grant } = await as(admin).createGrant({ grant: { grantee, role: "editor", namespace: "team" } });
  expect(grant).toMatchObject({ grantee, role: "editor", namespace: "team", creatorUserId: admin.userId });
  const group = { case: "group" as const, value: "analysts" };
  await as(admin).createGrant({ grant: { grantee: group, role: "approver" } });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: colleague.userId, groups: ["analysts"] } });
  const { accessToken } = await logIn(identity(), colleague);
  expect(await verify(identity(), accessToken)).toMatchObject({
    roles: ["approver", "viewer"],
    grants: [{ namespace: "team", roles: ["editor"] }],
  });
});

test("OK: repeated, it is the same grant; a role of an API key stays within its user's", async () => {
  const { admin, colleague } = await newTeam();
  const grant = { grantee: user(colleague.userId), role: "editor", namespace: "team" };
  const first = await as(admin).createGrant({ grant });
  expect(await as(admin).createGrant({ grant })).toEqual(first);
  const keys = identity().client(ApiKeyService, principalOf({ ...colleague, roles: ["editor"] }));
  const { apiKey, secret } = await keys.createApiKey({ apiKey: { displayName: "key", roles: ["viewer"] } });
  const grantee = { case: "apiKeyId" as const, value: apiKey?.apiKeyId ?? "" };
  await as(admin).createGrant({ grant: { grantee, role: "admin" } });
  expect(await verifyApiKey(identity(), secret)).toMatchObject({
    roles: ["viewer"],
    grants: [{ namespace: "team", roles: ["editor"] }],
  });
});

test("NotFound: another organisation's user, key and namespace, as those that never were", async () => {
  const { admin } = await newTeam();
  const other = await newTeam();
  const grant = async (grantee: object, namespace = "") =>
    failureOf(as(admin).createGrant({ grant: { grantee, role: "viewer", namespace } as never }));
  for (const value of [other.colleague.userId, randomUUID()]) {
    expect(await grant({ case: "userId", value })).toEqual(missing("user", value));
    expect(await grant({ case: "apiKeyId", value })).toEqual(missing("api_key", value));
  }
  expect(await grant(user(admin.userId), "nowhere")).toEqual(missing("namespace", "nowhere"));
});

test("PermissionDenied: more than one's own, platform-admin, and beyond one's namespace", async () => {
  const { admin, colleague } = await newTeam();
  const grantee = user(colleague.userId);
  const platform = as(identity().root).createGrant({
    grant: { grantee: user(identity().root.userId), role: "platform-admin" },
  });
  expect(await failureOf(platform)).toMatchObject({
    code: "PermissionDenied",
    metadata: { role: "platform-admin" },
  });
  const steward: Principal = { ...admin, roles: [], grants: [{ namespace: "team", roles: ["admin"] }] };
  expect(await failureOf(as(steward).createGrant({ grant: { grantee, role: "viewer" } }))).toEqual(
    lacking("grants.write"),
  );
  const elsewhere = as(steward).createGrant({ grant: { grantee, role: "viewer", namespace: "default" } });
  expect(await failureOf(elsewhere)).toEqual(missing("namespace", "default"));
  await as(steward).createGrant({ grant: { grantee, role: "editor", namespace: "team" } });
  const narrowed: Principal = { ...admin, limit: { permissions: ["grants.write"], namespaces: [] } };
  const given = as(narrowed).createGrant({ grant: { grantee, role: "viewer" } });
  expect(await failureOf(given)).toMatchObject({ code: "PermissionDenied", metadata: { role: "viewer" } });
  const editor = await newEditor(identity(), admin);
  expect(await failureOf(as(editor).createGrant({ grant: { grantee, role: "viewer" } }))).toEqual(
    lacking("grants.write"),
  );
});

test("InvalidArgument: no grantee, an unknown role, a group with a control character", async () => {
  const { admin } = await newTeam();
  for (const grant of [
    { role: "viewer" },
    { grantee: user(admin.userId), role: "owner" },
    { grantee: { case: "group" as const, value: "a\nb" }, role: "viewer" },
  ]) {
    expect(await failureOf(as(admin).createGrant({ grant }))).toMatchObject({ code: "InvalidArgument" });
  }
});

test("ResourceExhausted: an organisation's 10,001st grant", async () => {
  const { admin, colleague } = await newTeam();
  await identity().database.sql`
    insert into identity.grants (grant_id, org_id, group_name, role)
    select gen_random_uuid(), ${admin.orgId}, 'group ' || n, 'viewer' from generate_series(1, 10000) n`;
  const call = as(admin).createGrant({ grant: { grantee: user(colleague.userId), role: "editor" } });
  expect(await failureOf(call)).toMatchObject({ code: "ResourceExhausted", metadata: { limit: "10000" } });
});
