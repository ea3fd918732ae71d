import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, missing, newOrg, startIdentity, verifyApiKey } from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);
const verifyFrom = (apiKey: string, clientAddress: string) =>
  identity()
    .client(PolicyService, undefined)
    .verifyCredential({ credential: { case: "apiKey", value: apiKey }, clientAddress });

test("OK: GetApiKey answers a key without its secret", async () => {
  const { admin } = await newOrg(identity());
  const made = await keysAs(admin).createApiKey({ apiKey: { displayName: "key" } });
  const apiKeyId = made.apiKey?.apiKeyId ?? "";
  const answer = await keysAs(admin).getApiKey({ apiKeyId });
  expect(answer.apiKey).toEqual(made.apiKey);
  expect(
    JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  ).not.toContain(made.secret);
});

test("OK: GetApiKey tells the last use and its address, written at most once a minute", async () => {
  const { admin } = await newOrg(identity());
  const { apiKey, secret } = await keysAs(admin).createApiKey({ apiKey: { displayName: "key" } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  const read = async () => (await keysAs(admin).getApiKey({ apiKeyId })).apiKey;
  expect((await read())?.lastUseTime).toBeUndefined();
  await verifyFrom(secret, "192.0.2.7");
  await expect.poll(async () => (await read())?.lastUseAddress).toBe("192.0.2.7");
  const first = await read();
  await verifyFrom(secret, "192.0.2.8");
  // Another key's use is written after the dropped one would have been.
  const other = await keysAs(admin).createApiKey({ apiKey: { displayName: "other" } });
  await verifyFrom(other.secret, "192.0.2.9");
  const otherId = other.apiKey?.apiKeyId ?? "";
  await expect
    .poll(async () => (await keysAs(admin).getApiKey({ apiKeyId: otherId })).apiKey?.lastUseAddress)
    .toBe("192.0.2.9");
  expect(await read()).toEqual(first);
});

test("OK: a use is not recorded while its row is locked, and the call does not wait for it", async () => {
  const { sql } = identity().database;
  const { admin } = await newOrg(identity());
  const { apiKey, secret } = await keysAs(admin).createApiKey({ apiKey: { displayName: "key" } });
  const apiKeyId = apiKey?.apiKeyId ?? "";
  await sql.begin(async (tx) => {
    await tx`select 1 from identity.api_keys where api_key_id = ${apiKeyId} for update`;
    expect(await verifyFrom(secret, "192.0.2.7")).toMatchObject({ apiKeyId });
    expect(await verifyApiKey(identity(), secret)).toMatchObject({ apiKeyId });
  });
  const read = async () => (await keysAs(admin).getApiKey({ apiKeyId })).apiKey?.lastUseAddress;
  await expect.poll(read).toBe("192.0.2.7");
});

test("NotFound: GetApiKey of an unknown key and of another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  const foreign = await keysAs(stranger).createApiKey({ apiKey: { displayName: "key" } });
  for (const apiKeyId of [randomUUID(), foreign.apiKey?.apiKeyId ?? ""]) {
    expect(await failureOf(keysAs(admin).getApiKey({ apiKeyId }))).toEqual(missing("api_key", apiKeyId));
  }
});

test("PermissionDenied: GetApiKey by a viewer", async () => {
  const call = keysAs(principal({ roles: ["viewer"] })).getApiKey({ apiKeyId: randomUUID() });
  expect(await failureOf(call)).toEqual(lacking("apikeys.read"));
});

test("InvalidArgument: GetApiKey with an id that is none", async () => {
  const call = keysAs(principal()).getApiKey({ apiKeyId: "1" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["api_key_id"] });
});
