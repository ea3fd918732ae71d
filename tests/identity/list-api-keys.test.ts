import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { failureOf, lacking, newEditor, newOrg, startIdentity } from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);

test("OK: ListApiKeys pages through the organisation's keys, newest first, without secrets", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  const made = [];
  for (const who of [admin, editor, admin]) {
    made.push((await keysAs(who).createApiKey({ apiKey: { displayName: "key" } })).apiKey);
  }
  await keysAs((await newOrg(identity())).admin).createApiKey({ apiKey: { displayName: "other's" } });
  const first = await keysAs(editor).listApiKeys({ pageSize: 2 });
  const last = await keysAs(editor).listApiKeys({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.apiKeys, ...last.apiKeys]).toEqual(made.toReversed());
  expect(last.nextPageToken).toBe("");
});

test("InvalidArgument: ListApiKeys and RevokeApiKey", async () => {
  const keys = keysAs(principal());
  expect(await failureOf(keys.listApiKeys({ pageSize: -1 }))).toMatchObject({ fields: ["page_size"] });
  expect(await failureOf(keys.listApiKeys({ pageToken: "?" }))).toMatchObject({
    reason: "PAGE_TOKEN_INVALID",
  });
  expect(await failureOf(keys.revokeApiKey({ apiKeyId: "1" }))).toMatchObject({ fields: ["api_key_id"] });
});

test("PermissionDenied: a viewer", async () => {
  const call = keysAs(principal({ roles: ["viewer"] })).listApiKeys({});
  expect(await failureOf(call)).toEqual(lacking("apikeys.read"));
});
