import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { forFile } from "../lib/for-file.ts";
import {
  delegateUnknown,
  externalIdsAs,
  mayNotDelegate,
  newDelegatingKey,
  resolveDelegate,
} from "./delegation-scene.ts";
import { failureOf, newOrg, newUser, principalOf, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const $typeName = "sluice.identity.v1.ResolveDelegateResponse";
const orgUnknown = delegateUnknown("X-Org-ID");
const userUnknown = delegateUnknown("X-User-ID");

test("OK: a user of one of the key's organisations, with the roles of this moment", async () => {
  const { orgId, admin } = await newOrg(identity());
  const user = await newUser(identity(), admin, { roles: ["editor", "approver"] });
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const named = { org: orgId, user: user.userId };
  const answer = { $typeName, orgId, userId: user.userId, grants: [] };
  expect(await resolveDelegate(identity(), key, named)).toEqual({ ...answer, roles: ["approver", "editor"] });
  const upper = { org: orgId.toUpperCase(), user: user.userId.toUpperCase() };
  expect(await resolveDelegate(identity(), key, upper)).toEqual({ ...answer, roles: ["approver", "editor"] });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: user.userId, roles: ["viewer"] } });
  expect(await resolveDelegate(identity(), key, named)).toEqual({ ...answer, roles: ["viewer"] });
});

test("OK: external ids of the key, and its default organisation", async () => {
  const { orgId, user } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId], defaultOrgId: orgId });
  const ids = externalIdsAs(identity(), key);
  await ids.putExternalId({ kind: "org", externalId: "1", orgId });
  await ids.putExternalId({ kind: "user", externalId: "1", orgId, userId: user.userId });
  const answer = { $typeName, orgId, userId: user.userId, roles: ["admin"], grants: [] };
  expect(await resolveDelegate(identity(), key, { org: "1", user: "1" })).toEqual(answer);
  expect(await resolveDelegate(identity(), key, { user: "1" })).toEqual(answer);
});

test("OK: an external id that has the form of an id comes first", async () => {
  const { orgId, admin, user } = await newOrg(identity());
  const other = await newUser(identity(), admin);
  const key = await newDelegatingKey(identity(), { orgIds: [orgId], defaultOrgId: orgId });
  await externalIdsAs(identity(), key).putExternalId({
    kind: "user",
    externalId: other.userId,
    orgId,
    userId: user.userId,
  });
  expect(await resolveDelegate(identity(), key, { user: other.userId })).toMatchObject({
    userId: user.userId,
  });
});

test("OK: without a user, the organisation's service principal of the key, which is made once", async () => {
  const { orgId, admin } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const calls = Array.from({ length: 5 }, () => resolveDelegate(identity(), key, { org: orgId }));
  const [first, ...others] = await Promise.all(calls);
  expect(first).toEqual({ $typeName, orgId, userId: expect.any(String), roles: ["viewer"], grants: [] });
  for (const other of others) expect(other).toEqual(first);
  const second = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const { userId } = await resolveDelegate(identity(), second, { org: orgId });
  expect(userId).not.toBe(first?.userId);
  const users = identity().client(UserService, admin);
  expect((await users.listUsers({})).users).toHaveLength(3);
  await users.updateUser({ user: { userId, roles: ["editor"] } });
  expect(await resolveDelegate(identity(), second, { org: orgId })).toMatchObject({ roles: ["editor"] });
  const events = await identity().database.sql`
    select actor_user_id, actor_api_key_id, kind from identity.audit_events
    where org_id = ${orgId} and resource = ${`users/${userId}`} order by sequence limit 1`;
  expect([...events]).toEqual([
    { actor_user_id: identity().root.userId, actor_api_key_id: second.apiKeyId, kind: "user.created" },
  ]);
});

test("OK: a platform administrator is an administrator of the organisation only", async () => {
  const { root } = identity();
  const key = await newDelegatingKey(identity(), { orgIds: [root.orgId] });
  const answer = await resolveDelegate(identity(), key, { org: root.orgId, user: root.userId });
  expect(answer.roles).toEqual(["admin"]);
});

test("PermissionDenied: an organisation that is unknown, foreign, missing or another key's external id", async () => {
  const { orgId, user } = await newOrg(identity());
  const { orgId: foreign } = await newOrg(identity());
  const other = await newDelegatingKey(identity(), { orgIds: [orgId] });
  await externalIdsAs(identity(), other).putExternalId({ kind: "org", externalId: "7", orgId });
  const key = await newDelegatingKey(identity(), { orgIds: [orgId], defaultOrgId: foreign });
  for (const org of ["7", foreign, randomUUID(), "'||(select'x')||'", "", "org"]) {
    const call = resolveDelegate(identity(), key, { org, user: user.userId });
    expect(await failureOf(call), org).toEqual(orgUnknown);
  }
});

test("PermissionDenied: a user who is unknown, of another organisation, inactive or removed", async () => {
  const { orgId, admin } = await newOrg(identity());
  const { orgId: foreign, user: stranger } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId, foreign] });
  const ids = externalIdsAs(identity(), key);
  await ids.putExternalId({ kind: "user", externalId: "9", orgId: foreign, userId: stranger.userId });
  const user = await newUser(identity(), admin);
  const call = (name: string) => resolveDelegate(identity(), key, { org: orgId, user: name });
  for (const name of [stranger.userId, "9", randomUUID(), "'or'1'='1", "me"]) {
    expect(await failureOf(call(name)), name).toEqual(userUnknown);
  }
  expect(await call(user.userId)).toMatchObject({ userId: user.userId });
  const users = identity().client(UserService, admin);
  const change = { user: { userId: user.userId, active: false }, updateMask: { paths: ["active"] } };
  await users.updateUser(change);
  expect(await failureOf(call(user.userId))).toEqual(userUnknown);
  await users.deleteUser({ userId: user.userId });
  expect(await failureOf(call(user.userId))).toEqual(userUnknown);
});

test("PermissionDenied: a service principal that an administrator has made inactive", async () => {
  const { orgId, admin } = await newOrg(identity());
  const key = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const { userId } = await resolveDelegate(identity(), key, { org: orgId });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId, active: false }, updateMask: { paths: ["active"] } });
  expect(await failureOf(resolveDelegate(identity(), key, { org: orgId }))).toEqual(userUnknown);
});

test("PermissionDenied: a key without the permission, of a lesser user, expired, revoked or unknown", async () => {
  const { orgId, admin, user } = await newOrg(identity());
  const named = { org: orgId, user: user.userId };
  const keys = identity().client(ApiKeyService, identity().root);
  const { apiKey: plain } = await keys.createApiKey({ apiKey: { displayName: "plain" } });
  const lesser = await newUser(identity(), admin, { roles: ["admin"] });
  const { apiKey: own } = await identity()
    .client(ApiKeyService, principalOf(lesser))
    .createApiKey({ apiKey: { displayName: "own" } });
  const expired = await newDelegatingKey(identity(), { orgIds: [orgId] });
  const revoked = await newDelegatingKey(identity(), { orgIds: [orgId] });
  await identity().database.sql`
    update identity.api_keys set permissions = array['principals.delegate'], delegate_org_ids = ${[orgId]}::uuid[]
    where api_key_id = ${own?.apiKeyId ?? ""}`;
  await identity().database.sql`
    update identity.api_keys set expire_time = now() where api_key_id = ${expired.apiKeyId}`;
  await keys.revokeApiKey({ apiKeyId: revoked.apiKeyId });
  const ids = [plain?.apiKeyId, own?.apiKeyId, expired.apiKeyId, revoked.apiKeyId, randomUUID()];
  for (const apiKeyId of ids) {
    const call = resolveDelegate(identity(), { apiKeyId: apiKeyId ?? "" }, named);
    expect(await failureOf(call)).toEqual(mayNotDelegate);
  }
});

test("InvalidArgument: headers that are none", async () => {
  const apiKeyId = randomUUID();
  for (const org of ["1, 2", "a b", "\n", "ü", "x".repeat(256)]) {
    const call = resolveDelegate(identity(), { apiKeyId }, { org, user: org });
    expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["org", "user"] });
  }
});

test("PermissionDenied: another process than the edge", async () => {
  const call = resolveDelegate(identity(), { apiKeyId: randomUUID() }, {}, "storage");
  expect(await failureOf(call)).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: {},
  });
});
