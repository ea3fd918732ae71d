import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ApiKeyService } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { parseConfig } from "../../services/identity/config.ts";
import { run } from "../../services/identity/run.ts";
import { meshKeys, startService, temporaryFolder } from "../lib/test-mesh.ts";
import {
  credentialInvalid,
  encryptionKey,
  failureOf,
  type Identity,
  identityConfig,
  logIn,
  startIdentity,
  verifyApiKey,
} from "./fixtures.ts";

const file = "approvalserviceapikey";
const setting = `${file}:main/cr8tor:editor+approver`;
const firstKey = "the first key of the approval service".replaceAll(" ", "-");
const nextKey = "the next key of the approval service".replaceAll(" ", "-");

const env = (folder: string, principals = setting) => ({
  GRPC_LISTEN: "127.0.0.1:0",
  APPROVAL_ADDRESS: "127.0.0.1:1",
  ORCHESTRATION_ADDRESS: "127.0.0.1:1",
  STAGING_ADDRESS: "127.0.0.1:1",
  STORAGE_ADDRESS: "127.0.0.1:1",
  database_url: "postgres://localhost/sluice",
  mesh_private_key: meshKeys.privateKeys.identity,
  mesh_trusted_keys: JSON.stringify(meshKeys.publicKeys),
  secret_encryption_key: encryptionKey,
  SECRETS_MNT_PATH: folder,
  SERVICE_PRINCIPALS: principals,
});

/** Starts an identity process that has the settings of SERVICE_PRINCIPALS. */
function startWith(identity: Identity, folder: string, principals = setting) {
  const { servicePrincipals, secretsFolder } = parseConfig(env(folder, principals));
  return startService(run, identityConfig(identity.database, { servicePrincipals, secretsFolder }));
}

const polled = { timeout: 30_000, interval: 100 };

test("OK: a secret file is a key of its service's user, follows the file, and ends with the setting", async () => {
  await using identity = await startIdentity();
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, file), `${firstKey}\n`);
  const outcome = (key: string) =>
    verifyApiKey(identity, key).then(
      ({ roles }) => roles,
      () => "refused",
    );
  {
    await using first = await startWith(identity, folder.path);
    await using second = await startWith(identity, folder.path);
    await expect.poll(() => outcome(firstKey), polled).toEqual(["approver", "editor"]);
    const { userId, orgId } = await verifyApiKey(second, firstKey);
    const { user } = await first.client(UserService, identity.root).getUser({ userId });
    expect(user).toMatchObject({ orgId: identity.root.orgId, displayName: "service cr8tor" });
    const { apiKeys } = await first.client(ApiKeyService, identity.root).listApiKeys({});
    expect(apiKeys).toMatchObject([{ displayName: `secret file ${file}`, prefix: "", userId }]);
    const apiKeyId = apiKeys[0]?.apiKeyId ?? "";
    const revoke = first.client(ApiKeyService, identity.root).revokeApiKey({ apiKeyId });
    expect(await failureOf(revoke)).toMatchObject({
      code: "FailedPrecondition",
      reason: "STATE_CONFLICT",
      metadata: { secretFile: file },
    });
    expect(orgId).toBe(identity.root.orgId);
    expect(await failureOf(logIn(first, { email: user?.email ?? "" }))).toEqual(credentialInvalid);

    await writeFile(join(folder.path, file), "short\n");
    await writeFile(join(folder.path, file), nextKey);
    await expect.poll(() => outcome(nextKey), polled).toEqual(["approver", "editor"]);
    expect(await outcome(firstKey)).toBe("refused");
    await rm(join(folder.path, file));
    expect(await outcome(nextKey)).toEqual(["approver", "editor"]);
    const events = await identity.database.sql`select kind from identity.audit_events
      where org_id = ${orgId} and (resource = ${`users/${userId}`} or kind like 'api_key.%') order by sequence`;
    const kinds = ["user.created", "api_key.created", "api_key.revoked", "api_key.created"];
    expect(events.map(({ kind }) => kind)).toEqual(kinds);
  }
  const rows = await identity.database.sql`
    select k.*, u.* from identity.api_keys k join identity.users u using (user_id)`;
  for (const key of [firstKey, nextKey]) expect(JSON.stringify(rows)).not.toContain(key.slice(0, 12));
  await using without = await startWith(identity, folder.path, "");
  await expect.poll(() => outcome(nextKey), polled).toBe("refused");
  expect(await failureOf(verifyApiKey(without, nextKey))).toEqual(credentialInvalid);
});

test.each([
  ["missing", undefined],
  ["empty", ""],
  ["short", "a".repeat(31)],
  ["long", "a".repeat(257)],
  ["of two lines", `${firstKey}\n${firstKey}`],
  ["of look-alike letters", "\u0430".repeat(40)],
])("ConfigError: a secret file that is %s, by name and without its content", async (_title, content) => {
  await using folder = await temporaryFolder();
  if (content !== undefined) await writeFile(join(folder.path, file), content);
  expect(() => parseConfig(env(folder.path))).toThrow(`${file}: SERVICE_PRINCIPALS needs a file`);
});

test.each([
  "approvalserviceapikey",
  "approvalserviceapikey:main/cr8tor",
  "approvalserviceapikey:main/cr8tor:platform-admin",
  "approvalserviceapikey:main/cr8tor:root",
  "../mesh_private_key:main/cr8tor:editor",
  "a/b:main/cr8tor:editor",
  "A:main/cr8tor:editor",
  `${setting},${setting}`,
])("ConfigError: SERVICE_PRINCIPALS of %s", async (principals) => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "a"));
  expect(() => parseConfig(env(folder.path, principals))).toThrow("SERVICE_PRINCIPALS: must be a list");
});
