import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { type ApiKeySchema, ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, missing, newEditor, newOrg, startIdentity, verifyApiKey } from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);
const inDays = (days: number) => timestampFromDate(new Date(Date.now() + days * 86_400_000));
const exceeded = (field: string) => ({
  code: "PermissionDenied",
  reason: "KEY_RIGHTS_EXCEEDED",
  metadata: { field: `api_key.${field}`, limit: expect.any(String) },
});

type Given = Omit<MessageInitShape<typeof ApiKeySchema>, "$typeName" | "$unknown">;

async function newKey(who: Principal, given: Given = {}) {
  const { apiKey, secret } = await keysAs(who).createApiKey({ apiKey: { displayName: "key", ...given } });
  return { apiKeyId: apiKey?.apiKeyId ?? "", secret };
}

test("OK: UpdateApiKey renames a key, ends it earlier and narrows it, without a mask and with one", async () => {
  const { admin } = await newOrg(identity());
  const { apiKeyId, secret } = await newKey(admin, { expireTime: inDays(9) });
  const expireTime = inDays(2);
  const { apiKey } = await keysAs(admin).updateApiKey({
    apiKey: { apiKeyId, displayName: "renamed", expireTime, permissions: ["sources.read", "sources.write"] },
  });
  expect(apiKey).toMatchObject({ displayName: "renamed", expireTime, namespaces: [] });
  await keysAs(admin).updateApiKey({
    apiKey: { apiKeyId, displayName: "ignored", permissions: ["sources.read"], namespaces: ["lab"] },
    updateMask: { paths: ["permissions", "namespaces"] },
  });
  expect((await keysAs(admin).getApiKey({ apiKeyId })).apiKey).toMatchObject({ displayName: "renamed" });
  expect(await verifyApiKey(identity(), secret)).toMatchObject({
    roles: ["admin"],
    limit: { permissions: ["sources.read"], namespaces: ["lab"] },
    expireTime,
  });
});

test("OK: narrowing a key narrows the keys below; without anything in common they allow nothing", async () => {
  const { admin } = await newOrg(identity());
  const parent = await newKey(admin, { permissions: ["apikeys.write", "sources.read", "catalog.read"] });
  const child = await newKey({ ...admin, apiKeyId: parent.apiKeyId }, { permissions: ["sources.read"] });
  const update = (permissions: string[]) =>
    keysAs(admin).updateApiKey({ apiKey: { apiKeyId: parent.apiKeyId, permissions } });
  await update(["sources.read", "catalog.read"]);
  expect(await verifyApiKey(identity(), child.secret)).toMatchObject({
    roles: ["admin"],
    limit: { permissions: ["sources.read"] },
  });
  await update(["catalog.read"]);
  const nothing = await verifyApiKey(identity(), child.secret);
  expect(nothing).toMatchObject({ roles: [], grants: [] });
  expect(nothing.limit).toBeUndefined();
});

test("OK: an administrator changes a colleague's key", async () => {
  const { admin } = await newOrg(identity());
  const { apiKeyId } = await newKey(await newEditor(identity(), admin));
  const { apiKey } = await keysAs(admin).updateApiKey({ apiKey: { apiKeyId, displayName: "theirs" } });
  expect(apiKey).toMatchObject({ displayName: "theirs" });
});

test.each<[string, Given, Given, string[]]>([
  ["a later expiry", { expireTime: inDays(1) }, { expireTime: inDays(2) }, ["expire_time"]],
  ["no expiry", { expireTime: inDays(1) }, {}, ["expire_time"]],
  [
    "another permission",
    { permissions: ["sources.read"] },
    { permissions: ["catalog.read"] },
    ["permissions"],
  ],
  ["all permissions", { permissions: ["sources.read"] }, {}, ["permissions"]],
  ["the permission to delegate", {}, { permissions: ["principals.delegate"] }, ["permissions"]],
  ["another namespace", { namespaces: ["lab"] }, { namespaces: ["lab", "shop"] }, ["namespaces"]],
  ["all namespaces", { namespaces: ["lab"] }, {}, ["namespaces"]],
])("PermissionDenied: UpdateApiKey with %s", async (_title, given, change, paths) => {
  const { admin } = await newOrg(identity());
  const { apiKeyId } = await newKey(admin, given);
  const call = keysAs(admin).updateApiKey({ apiKey: { apiKeyId, ...change }, updateMask: { paths } });
  expect(await failureOf(call)).toEqual(exceeded(paths[0] ?? ""));
});

test("PermissionDenied: UpdateApiKey of a colleague's key by an editor, and by a viewer", async () => {
  const { admin } = await newOrg(identity());
  const { apiKeyId } = await newKey(admin);
  const update = (who: Principal) => keysAs(who).updateApiKey({ apiKey: { apiKeyId, displayName: "mine" } });
  expect(await failureOf(update(await newEditor(identity(), admin)))).toEqual(lacking("users.write"));
  expect(await failureOf(update(principal({ roles: ["viewer"] })))).toEqual(lacking("apikeys.write"));
});

test("NotFound: UpdateApiKey of an unknown key and of another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  for (const apiKeyId of [randomUUID(), (await newKey(stranger)).apiKeyId]) {
    const call = keysAs(admin).updateApiKey({ apiKey: { apiKeyId, displayName: "mine" } });
    expect(await failureOf(call)).toEqual(missing("api_key", apiKeyId));
  }
});

test.each<[string, Given, string[], string]>([
  ["no name", {}, ["display_name"], "api_key.display_name"],
  ["an end in the past", { expireTime: { seconds: 1n } }, ["expire_time"], "api_key.expire_time"],
  ["an unknown permission", { permissions: ["sources.eat"] }, ["permissions"], "api_key.permissions[0]"],
  [
    "an organisation without the permission",
    { delegateOrgIds: [randomUUID()] },
    ["delegate_org_ids"],
    "api_key.delegate_org_ids",
  ],
  [
    "a default organisation that is not listed",
    { defaultOrgId: randomUUID() },
    ["default_org_id"],
    "api_key.default_org_id",
  ],
  ["a path that can't be changed", {}, ["roles"], "update_mask"],
])("InvalidArgument: UpdateApiKey with %s", async (_title, change, paths, field) => {
  const { admin } = await newOrg(identity());
  const { apiKeyId } = await newKey(admin);
  const call = keysAs(admin).updateApiKey({ apiKey: { apiKeyId, ...change }, updateMask: { paths } });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: [field] });
});

test("OK: a delegating key loses organisations, and all of them with the permission", async () => {
  const { orgId: first } = await newOrg(identity());
  const { orgId: second } = await newOrg(identity());
  const root = { ...identity().root, roles: ["admin", "platform-admin"] };
  const { apiKeyId } = await newKey(root, {
    permissions: ["principals.delegate", "sources.read"],
    delegateOrgIds: [first, second],
    defaultOrgId: second,
  });
  const update = async (change: Given) =>
    (await keysAs(root).updateApiKey({ apiKey: { apiKeyId, ...change } })).apiKey;
  const one = await update({ delegateOrgIds: [first] });
  expect([one?.delegateOrgIds, one?.defaultOrgId]).toEqual([[first], undefined]);
  expect(await update({ permissions: ["sources.read"] })).toMatchObject({ delegateOrgIds: [] });
});
