import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  failureOf,
  lacking,
  missing,
  newEditor,
  newOrg,
  newUser,
  principalOf,
  startIdentity,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);

test("OK: CreateApiKey answers a key and its secret, whose hash alone is stored", async () => {
  const { admin } = await newOrg(identity());
  const expireTime = timestampFromDate(new Date(Date.now() + 86_400_000));
  const { apiKey, secret } = await keysAs(admin).createApiKey({
    apiKey: { displayName: "CI", roles: ["viewer"], expireTime, userId: randomUUID(), prefix: "mine" },
  });
  expect(secret).toMatch(/^sk_[\w-]{43}$/);
  expect(apiKey).toEqual({
    $typeName: "sluice.identity.v1.ApiKey",
    apiKeyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    userId: admin.userId,
    displayName: "CI",
    roles: ["viewer"],
    expireTime,
    createTime: expect.anything(),
    prefix: secret.slice(0, 11),
    permissions: [],
    namespaces: [],
    delegateOrgIds: [],
    parentApiKeyId: "",
    lastUseAddress: "",
  });
  const [row] = await identity().database.sql`
    select * from identity.api_keys where api_key_id = ${apiKey?.apiKeyId ?? ""}`;
  expect(JSON.stringify(row)).not.toContain(secret.slice(11));
});

test("PermissionDenied: a delegated call, which the key would outlive", async () => {
  const { admin } = await newOrg(identity());
  const delegate = { userId: randomUUID(), apiKeyId: randomUUID() };
  const call = keysAs({ ...admin, delegate }).createApiKey({ apiKey: { displayName: "mine" } });
  expect(await failureOf(call)).toMatchObject({ code: "PermissionDenied" });
  expect((await keysAs(admin).listApiKeys({})).apiKeys).toEqual([]);
});

test("OK: CreateApiKey takes the caller's roles by default", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  const { apiKey } = await keysAs(editor).createApiKey({ apiKey: { displayName: "mine" } });
  expect(apiKey).toMatchObject({ roles: ["editor"], userId: editor.userId });
  expect(apiKey?.expireTime).toBeUndefined();
});

test.each([
  ["editor", "approver"],
  ["editor", "admin"],
  ["admin", "platform-admin"],
])("PermissionDenied: CreateApiKey by %s with role %s", async (held, role) => {
  const { admin } = await newOrg(identity());
  const caller = principalOf(await newUser(identity(), admin, { roles: [held] }));
  const call = keysAs(caller).createApiKey({ apiKey: { displayName: "key", roles: [role] } });
  expect(await failureOf(call)).toEqual({
    code: "PermissionDenied",
    reason: "PERMISSION_MISSING",
    metadata: { role },
  });
});

test("PermissionDenied: CreateApiKey and ListApiKeys by a viewer", async () => {
  const keys = keysAs(principal({ roles: ["viewer"] }));
  expect(await failureOf(keys.createApiKey({ apiKey: { displayName: "key" } }))).toEqual(
    lacking("apikeys.write"),
  );
  expect(await failureOf(keys.listApiKeys({}))).toEqual(lacking("apikeys.read"));
});

test.each([
  ["no key", undefined, ["api_key"]],
  ["no name", {}, ["api_key.display_name"]],
  ["a long name", { displayName: "n".repeat(201) }, ["api_key.display_name"]],
  ["an unknown role", { displayName: "key", roles: ["root"] }, ["api_key.roles[0]"]],
  ["an end in the past", { displayName: "key", expireTime: { seconds: 1n } }, ["api_key.expire_time"]],
  [
    "an end that no calendar has",
    { displayName: "key", expireTime: { seconds: 1n << 62n } },
    ["api_key.expire_time"],
  ],
  [
    "an end after the year 9999",
    { displayName: "key", expireTime: { seconds: 300_000_000_000n } },
    ["api_key.expire_time"],
  ],
])("InvalidArgument: CreateApiKey with %s", async (_title, apiKey, fields) => {
  const call = keysAs(principal()).createApiKey(apiKey ? { apiKey } : {});
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields });
});

test("NotFound: CreateApiKey of a user who was removed, or is another organisation's", async () => {
  const { user } = await newOrg(identity());
  for (const caller of [principal(), principal({ userId: user.userId })]) {
    const call = keysAs(caller).createApiKey({ apiKey: { displayName: "key" } });
    expect(await failureOf(call)).toEqual(missing("user", caller.userId));
  }
});
