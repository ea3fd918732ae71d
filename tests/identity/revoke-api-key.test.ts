import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  failureOf,
  lacking,
  missing,
  newEditor,
  newOrg,
  startIdentity,
  verifyApiKey,
} from "./fixtures.ts";

const identity = forFile(startIdentity);

const keysAs = (who: Principal) => identity().client(ApiKeyService, who);

test("OK: RevokeApiKey ends the own key, and anybody's for an administrator", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  for (const caller of [editor, admin]) {
    const { apiKey, secret } = await keysAs(editor).createApiKey({ apiKey: { displayName: "key" } });
    await keysAs(caller).revokeApiKey({ apiKeyId: apiKey?.apiKeyId ?? "" });
    expect(await failureOf(verifyApiKey(identity(), secret))).toEqual(credentialInvalid);
  }
});

test("PermissionDenied: RevokeApiKey of a colleague's key by an editor", async () => {
  const { admin } = await newOrg(identity());
  const editor = await newEditor(identity(), admin);
  const { apiKey, secret } = await keysAs(admin).createApiKey({ apiKey: { displayName: "key" } });
  const call = keysAs(editor).revokeApiKey({ apiKeyId: apiKey?.apiKeyId ?? "" });
  expect(await failureOf(call)).toEqual(lacking("users.write"));
  expect(await verifyApiKey(identity(), secret)).toMatchObject({ userId: admin.userId });
});

test("NotFound: RevokeApiKey of an unknown key, a revoked one and another organisation's", async () => {
  const { admin } = await newOrg(identity());
  const { admin: stranger } = await newOrg(identity());
  const revoked = await keysAs(admin).createApiKey({ apiKey: { displayName: "key" } });
  const foreign = await keysAs(stranger).createApiKey({ apiKey: { displayName: "key" } });
  await keysAs(admin).revokeApiKey({ apiKeyId: revoked.apiKey?.apiKeyId ?? "" });
  for (const id of [randomUUID(), revoked.apiKey?.apiKeyId ?? "", foreign.apiKey?.apiKeyId ?? ""]) {
    expect(await failureOf(keysAs(admin).revokeApiKey({ apiKeyId: id }))).toEqual(missing("api_key", id));
  }
});

test("InvalidArgument: an id that is none", async () => {
  const call = keysAs(principal()).revokeApiKey({ apiKeyId: "1" });
  expect(await failureOf(call)).toEqual({ code: "InvalidArgument", fields: ["api_key_id"] });
});
