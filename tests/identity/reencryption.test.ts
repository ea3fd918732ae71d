import { randomBytes } from "node:crypto";
import { drizzle } from "drizzle-orm/postgres-js";
import { expect, test } from "vitest";
import { KeyService } from "../../gen/sluice/identity/v1/keys_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { SecretService } from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { UserService } from "../../gen/sluice/identity/v1/users_pb.ts";
import { countEncrypted, reencrypt } from "../../services/identity/encryption/reencrypt.ts";
import { sealedKinds } from "../../services/identity/encryption/sealed-kinds.ts";
import { run } from "../../services/identity/run.ts";
import { createVault } from "../../services/identity/vault.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { forFile } from "../lib/for-file.ts";
import { principal, type RunningService, startService } from "../lib/test-mesh.ts";
import {
  bootstrapEmail,
  encryptionKey,
  type Identity,
  identityConfig,
  logIn,
  newEmail,
  newOrg,
  password,
  startIdentity,
  verify,
} from "./fixtures.ts";

const newKey = () => randomBytes(32).toString("base64");
const silent = createLog("test", { logLevel: "silent" });
const never = new AbortController().signal;
const destination = { connector: "postgresql", host: "127.0.0.1", port: 5432 };

const identity = forFile(startIdentity);

const restarted = (of: Identity, keys: { secretEncryptionKey: string; secretDecryptionKey?: string }) =>
  startService(run, identityConfig(of.database, { secretDecryptionKey: undefined, ...keys }));

const status = (service: RunningService) =>
  service.client(KeyService, principal({ roles: ["platform-admin"] })).getEncryptionStatus({});

async function putSecrets(service: RunningService, admin: Principal, count: number): Promise<void> {
  const secrets = service.client(SecretService, admin);
  for (let index = 0; index < count; index += 1)
    await secrets.putSecret({ name: `s${index}`, value: `value ${index}`, destinations: [destination] });
}

const resolve = async (service: RunningService, admin: Principal, name: string) =>
  (await service.client(PolicyService, admin, "orchestration").resolveSecret({ name, destination })).value;

test("OK: the master key is replaced while everything keeps working, and the old one is not needed after", async () => {
  await using first = await startIdentity();
  const { admin } = await newOrg(first);
  await putSecrets(first, admin, 3);
  const { accessToken } = await logIn(first, { email: bootstrapEmail });
  const requestId = crypto.randomUUID();
  const request = { user: { email: newEmail() }, password, requestId };
  const { user } = await first.client(UserService, admin).createUser(request);
  const next = newKey();

  // Processes that already decrypt with the next key work beside those that encrypt with it.
  await using ahead = await restarted(first, {
    secretEncryptionKey: encryptionKey,
    secretDecryptionKey: next,
  });
  await using rotating = await restarted(first, {
    secretEncryptionKey: next,
    secretDecryptionKey: encryptionKey,
  });
  await expect.poll(async () => (await status(rotating)).decryptionKeyRemovable).toBe(true);
  expect(await resolve(ahead, admin, "s1")).toBe("value 1");
  expect(await resolve(rotating, admin, "s2")).toBe("value 2");
  expect(await verify(rotating, accessToken)).toMatchObject({ userId: first.root.userId });
  const again = await rotating.client(UserService, admin).createUser(request);
  expect(again.user?.userId, "a repeated request is known by the former key").toBe(user?.userId);

  await using last = await restarted(first, { secretEncryptionKey: next });
  expect(await resolve(last, admin, "s0")).toBe("value 0");
  expect(await verify(last, accessToken)).toMatchObject({ userId: first.root.userId });
  expect(await status(last)).toMatchObject({ decryptionKeyId: "", decryptionKeyRemovable: false });
});

test("OK: two processes share the work, and a third continues what a stopped one left", async () => {
  const { admin } = await newOrg(identity());
  const { sql } = identity().database;
  await putSecrets(identity(), admin, 1);
  const before = createVault(encryptionKey);
  const rows = Array.from({ length: 450 }, (_, index) => {
    const name = `many${index}`;
    const sealed = before.seal(`value ${index}`, ["secret", admin.orgId, name]);
    return {
      org_id: admin.orgId,
      name,
      key_id: sealed.keyId,
      nonce: sealed.nonce,
      ciphertext: sealed.ciphertext,
    };
  });
  await sql`insert into identity.secrets ${sql(rows)}`;
  const db = drizzle({ client: sql });
  const vault = createVault(newKey(), encryptionKey);
  const pending = async () => (await countEncrypted(db, vault))[0]?.pending;

  await reencrypt({ db, vault, log: silent }, AbortSignal.abort());
  expect(await pending(), "a stopped job ends after a batch").toBe(351);
  await Promise.all([
    reencrypt({ db, vault, log: silent }, never),
    reencrypt({ db, vault, log: silent }, never),
  ]);
  await reencrypt({ db, vault, log: silent }, never);
  expect(await pending()).toBe(0);
  const [row] =
    await sql`select key_id as "keyId", nonce, ciphertext from identity.secrets where name = 'many7'`;
  expect(vault.open(row as never, ["secret", admin.orgId, "many7"])).toBe("value 7");
  await reencrypt({ db, vault: createVault(encryptionKey, undefined), log: silent }, never);
  const back = createVault(encryptionKey, undefined);
  expect((await countEncrypted(db, back))[0]?.pending).toBe(451);
});

test("OK: a damaged value is left, counted, and does not hold up the others", async () => {
  await using damaged = await startIdentity();
  const { admin } = await newOrg(damaged);
  await putSecrets(damaged, admin, 3);
  await damaged.database.sql`
    update identity.secrets set ciphertext = nonce where name = 's0'`;
  const db = drizzle({ client: damaged.database.sql });
  const vault = createVault(newKey(), encryptionKey);
  await reencrypt({ db, vault, log: silent }, never);
  expect((await countEncrypted(db, vault))[0]).toEqual({ kind: "secrets", total: 3, pending: 1 });
});

test("OK: every table with encrypted values is known", async () => {
  const tables = await identity().database.sql`
    select table_name as name from information_schema.columns
    where table_schema = 'identity' and column_name in ('ciphertext', 'nonce') group by table_name order by 1`;
  expect(sealedKinds.map(({ kind }) => kind).toSorted()).toEqual(tables.map(({ name }) => name));
});

test.each([
  ["another key", undefined],
  ["another key, with yet another one", newKey()],
])("refuses to start with %s, by name", async (_title, secretDecryptionKey) => {
  await using strange = await startIdentity();
  const { admin } = await newOrg(strange);
  await putSecrets(strange, admin, 2);
  const config = identityConfig(strange.database, { secretEncryptionKey: newKey(), secretDecryptionKey });
  await expect(startService(run, config)).rejects.toThrow(
    /secret_encryption_key is not the key .*: 2 of secrets need another one.*secret_decryption_key/,
  );
});
