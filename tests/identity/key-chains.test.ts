import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import { expect, test } from "vitest";
import { type ApiKeySchema, ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { AuthService } from "../../gen/sluice/identity/v1/auth_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { keysAbove } from "../../services/identity/api-keys/key-chain.ts";
import { apiKeys } from "../../services/identity/schema.ts";
import { type Principal, rightsOf } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import {
  credentialInvalid,
  failureOf,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
  verify,
  verifyApiKey,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);
const inHours = (hours: number) => timestampFromDate(new Date(Date.now() + hours * 3_600_000));
const exceeded = (field: string) => ({
  code: "PermissionDenied",
  reason: "KEY_RIGHTS_EXCEEDED",
  metadata: { field: `api_key.${field}`, limit: expect.any(String) },
});

type Given = Omit<MessageInitShape<typeof ApiKeySchema>, "$typeName" | "$unknown">;

const create = (who: Principal, given: Given = {}) =>
  keysAs(who).createApiKey({ apiKey: { displayName: "key", ...given } });

/** A key, and the principal that the edge asserts for its calls. */
async function newKey(who: Principal, given: Given = {}) {
  const { apiKey, secret } = await create(who, given);
  const { orgId, userId, apiKeyId, ...rights } = await verifyApiKey(identity(), secret);
  return { apiKey, secret, caller: { orgId, userId, apiKeyId, ...rightsOf(rights) } as Principal };
}

test("OK: a child takes over its parent's roles, limits and expiry", async () => {
  const { admin } = await newOrg(identity());
  const given = {
    roles: ["editor"],
    permissions: ["apikeys.write", "sources.read"],
    expireTime: inHours(1),
  };
  const parent = await newKey(admin, given);
  const { apiKey } = await newKey(parent.caller);
  expect(apiKey).toMatchObject({ ...given, parentApiKeyId: parent.apiKey?.apiKeyId });
});

test("Unauthenticated: a child of a revoked and of an expired parent, and the login of one", async () => {
  const { sql } = identity().database;
  const { admin } = await newOrg(identity());
  for (const how of ["revoked", "expired"]) {
    const parent = await newKey(admin);
    const child = await newKey(parent.caller);
    const { accessToken } = await identity()
      .client(AuthService, undefined)
      .issueToken({ apiKey: child.secret });
    const apiKeyId = parent.apiKey?.apiKeyId ?? "";
    if (how === "revoked") await keysAs(admin).revokeApiKey({ apiKeyId });
    else await sql`update identity.api_keys set expire_time = now() where api_key_id = ${apiKeyId}`;
    expect(await failureOf(verifyApiKey(identity(), child.secret)), how).toEqual(credentialInvalid);
    expect(await failureOf(verify(identity(), accessToken)), how).toEqual(credentialInvalid);
  }
});

test("Unauthenticated: a key that is made with one that was just revoked", async () => {
  const { admin } = await newOrg(identity());
  const { caller, apiKey } = await newKey(admin);
  await keysAs(admin).revokeApiKey({ apiKeyId: apiKey?.apiKeyId ?? "" });
  expect(await failureOf(create(caller))).toEqual(credentialInvalid);
});

test("OK: a child's verification expires with the parent, also where that ends earlier later on", async () => {
  const { admin } = await newOrg(identity());
  const parent = await newKey(admin);
  const child = await newKey(parent.caller, { expireTime: inHours(9) });
  const expireTime = inHours(1);
  await keysAs(admin).updateApiKey({ apiKey: { apiKeyId: parent.apiKey?.apiKeyId ?? "", expireTime } });
  const { expireTime: ends } = await verifyApiKey(identity(), child.secret);
  expect(ends && timestampDate(ends)).toEqual(timestampDate(expireTime));
});

test.each<[string, Given, Given, string]>([
  ["a later expiry", { expireTime: inHours(1) }, { expireTime: inHours(2) }, "expire_time"],
  [
    "another permission",
    { permissions: ["apikeys.write"] },
    { permissions: ["sources.read"] },
    "permissions",
  ],
])("PermissionDenied: CreateApiKey with %s than the caller's key", async (_title, given, asked, field) => {
  const { admin } = await newOrg(identity());
  const { caller } = await newKey(admin, given);
  expect(await failureOf(create(caller, asked))).toEqual(exceeded(field));
});

test("PermissionDenied: CreateApiKey with a permission that the caller lacks", async () => {
  const { admin } = await newOrg(identity());
  const editor = principalOf(await newUser(identity(), admin, { roles: ["editor"] }));
  expect(await failureOf(create(editor, { permissions: ["users.write"] }))).toEqual(exceeded("permissions"));
});

test("PermissionDenied: CreateApiKey for a sixth key of a chain", async () => {
  const { admin } = await newOrg(identity());
  let caller: Principal = admin;
  for (let depth = 1; depth <= 5; depth += 1) caller = (await newKey(caller)).caller;
  expect(await failureOf(create(caller))).toEqual(exceeded("parent_api_key_id"));
});

test("PermissionDenied: CreateApiKey by a caller who speaks for another user", async () => {
  const { admin } = await newOrg(identity());
  const delegate = { userId: randomUUID(), apiKeyId: randomUUID() };
  expect(await failureOf(create({ ...admin, delegate }))).toEqual(exceeded("user_id"));
});

test("OK: a token of a key's login stands for the key, so that what it makes is below the key", async () => {
  const { admin } = await newOrg(identity());
  const { apiKey, secret } = await newKey(admin, { permissions: ["apikeys.write", "sources.read"] });
  const { accessToken } = await identity().client(AuthService, undefined).issueToken({ apiKey: secret });
  const { orgId, userId, apiKeyId, ...rights } = await verify(identity(), accessToken);
  expect(apiKeyId).toBe(apiKey?.apiKeyId);
  const child = await newKey({ orgId, userId, apiKeyId, ...rightsOf(rights) });
  expect(child.apiKey).toMatchObject({ parentApiKeyId: apiKeyId, permissions: apiKey?.permissions });
});

test.each([
  [["editor"], ["admin"], ["editor"]],
  [["editor", "approver"], ["admin"], ["approver", "editor"]],
  [["viewer"], ["approver"], ["viewer"]],
  [["admin"], ["viewer"], ["viewer"]],
])("OK: a user who becomes %j leaves a key with %j what both have: %j", async (held, ofKey, both) => {
  const { admin } = await newOrg(identity());
  const colleague = await newUser(identity(), admin, { roles: ["admin"] });
  const { secret, apiKey } = await newKey(principalOf(colleague), { roles: ofKey });
  await identity()
    .client(UserService, admin)
    .updateUser({ user: { userId: colleague.userId, roles: held } });
  expect((await verifyApiKey(identity(), secret)).roles).toEqual(both);
  const { orgId, userId } = colleague;
  const asked = { orgId, userId, apiKeyId: apiKey?.apiKeyId ?? "" };
  const answer = await identity().client(PolicyService, undefined, "staging").getPrincipal(asked);
  expect(answer.roles).toEqual(both);
});

test("OK: a platform administrator gives a key the permission to speak for others, and its organisations", async () => {
  const { orgId } = await newOrg(identity());
  const asked = { permissions: ["principals.delegate"], delegateOrgIds: [orgId], defaultOrgId: orgId };
  const { apiKey, caller } = await newKey(identity().root, asked);
  expect(apiKey).toMatchObject(asked);
  expect(caller.limit).toEqual({ permissions: ["principals.delegate"], namespaces: [] });
  expect(await failureOf(keysAs(caller).listApiKeys({}))).toMatchObject({ code: "PermissionDenied" });
});

test("OK: the permission to speak for others ends with the user's role", async () => {
  const { sql } = identity().database;
  const { orgId, admin } = await newOrg(identity());
  const asked = { permissions: ["principals.delegate"], delegateOrgIds: [orgId] };
  const { secret, apiKey } = await newKey(identity().root, asked);
  const apiKeyId = apiKey?.apiKeyId ?? "";
  await sql.begin(async (tx) => {
    await tx`delete from identity.grants where api_key_id = ${apiKeyId}`;
    await tx`update identity.api_keys set org_id = ${orgId}, user_id = ${admin.userId}
      where api_key_id = ${apiKeyId}`;
    await tx`insert into identity.grants (grant_id, org_id, api_key_id, role)
      values (gen_random_uuid(), ${orgId}, ${apiKeyId}, 'platform-admin')`;
  });
  const answer = await verifyApiKey(identity(), secret);
  expect(answer.roles).toEqual([]);
  expect(answer.limit).toBeUndefined();
});

test("PermissionDenied: an administrator, and a key, who give the permission to speak for others", async () => {
  const { orgId, admin } = await newOrg(identity());
  const asked = { permissions: ["principals.delegate"], delegateOrgIds: [orgId] };
  expect(await failureOf(create(admin, asked))).toEqual(exceeded("permissions"));
  const { caller } = await newKey(identity().root);
  expect(await failureOf(create(caller, asked))).toEqual(exceeded("permissions"));
  const delegating = await newKey(identity().root, {
    ...asked,
    permissions: ["principals.delegate", "apikeys.write"],
  });
  const child = await newKey(delegating.caller);
  expect(child.apiKey).toMatchObject({ permissions: ["apikeys.write"], delegateOrgIds: [] });
});

test.each<[string, Given, string]>([
  ["an unknown permission", { permissions: ["sources.read", "orgs.eat"] }, "api_key.permissions[1]"],
  ["no organisation to speak for", { permissions: ["principals.delegate"] }, "api_key.delegate_org_ids"],
  ["organisations alone", { delegateOrgIds: [randomUUID()] }, "api_key.delegate_org_ids"],
  ["a default that is not listed", { defaultOrgId: randomUUID() }, "api_key.default_org_id"],
  ["a namespace with a look-alike letter", { namespaces: ["l\u0430b"] }, "api_key.namespaces[0]"],
  ["a namespace that is SQL", { namespaces: ["'; drop table api_keys --"] }, "api_key.namespaces[0]"],
  ["a name with a line break", { displayName: "a\r\nx-org-id: 1" }, "api_key.display_name"],
])("InvalidArgument: CreateApiKey with %s", async (_title, asked, field) => {
  expect(await failureOf(create(identity().root, asked))).toEqual({
    code: "InvalidArgument",
    fields: [field],
  });
});

test("NotFound: CreateApiKey for an organisation that does not exist", async () => {
  const delegateOrgIds = [randomUUID()];
  const call = create(identity().root, { permissions: ["principals.delegate"], delegateOrgIds });
  expect(await failureOf(call)).toMatchObject({ code: "NotFound", metadata: { org: delegateOrgIds[0] } });
});

test("OK: a key and all above it are found by one statement over indexes", async () => {
  const { sql } = identity().database;
  const { admin } = await newOrg(identity());
  await sql`insert into identity.api_keys (api_key_id, org_id, user_id, display_name, secret_sha256, prefix)
    select gen_random_uuid(), org_id, user_id, 'filler', gen_random_uuid()::text, ''
    from identity.users, generate_series(1, 5000) where user_id = ${admin.userId}`;
  await sql`analyze identity.api_keys`;
  const [plan] = await drizzle({ client: sql }).execute(drizzleSql`
    explain (format json) select ${keysAbove(apiKeys.apiKeyId)} from ${apiKeys}
    where ${apiKeys.secretSha256} = 'a hash'`);
  expect(JSON.stringify(plan)).not.toContain("Seq Scan");
});
