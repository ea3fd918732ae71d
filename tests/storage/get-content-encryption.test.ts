import { expect, test } from "vitest";
import { ContentEncryptionService } from "../../gen/sluice/storage/v1/encryption_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { encryptionOf, newMasterKey, untilPlainIsEncrypted } from "./encryption-fixtures.ts";
import { failureOf, lacking, startStorage, upload } from "./fixtures.ts";

const [current, previous] = [newMasterKey(), newMasterKey()];
const plain = forFile(startStorage);
const encrypted = forFile(() =>
  startStorage({}, undefined, { masterKey: current, previousMasterKeys: [previous] }),
);

test("OK: GetContentEncryption without a master key", async () => {
  await upload(plain(), principal());
  expect(await encryptionOf(plain())).toMatchObject({
    enabled: false,
    masterKeyId: "",
    previousMasterKeyIds: [],
    keyCount: 0n,
    pendingKeyCount: 0n,
    previousRemovable: false,
    plainContentEncrypted: false,
  });
});

test("OK: GetContentEncryption names the master keys, without a part of them, and counts the keys that they wrap", async () => {
  await upload(encrypted(), principal());
  await untilPlainIsEncrypted(encrypted());
  const status = await encryptionOf(encrypted());
  expect(status).toMatchObject({
    enabled: true,
    masterKeyId: expect.stringMatching(/^[\w-]{16}$/),
    previousMasterKeyIds: [expect.stringMatching(/^[\w-]{16}$/)],
    keyCount: 1n,
    pendingKeyCount: 0n,
    previousRemovable: true,
    plainContentEncrypted: true,
  });
  for (const id of [status.masterKeyId, ...status.previousMasterKeyIds]) {
    expect([current, previous].some((key) => key.includes(id))).toBe(false);
  }
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = plain().client(ContentEncryptionService, principal()).getContentEncryption({});
  expect(await failureOf(call)).toEqual(lacking("keys.read"));
});
