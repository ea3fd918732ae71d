import { randomUUID } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BlobFileSchema } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import { SealBroken } from "../../services/lib/content/sealed-content.ts";
import { openStorageFolder } from "../../services/orchestration/blobs/storage-folder.ts";
import { openLocalDisk } from "../../services/storage/objects/disk/local-disk.ts";
import { createEncryptedStore } from "../../services/storage/objects/encrypted/encrypted-store.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { flipByte, generated, sha256 } from "../storage/fixtures.ts";
import { memoryKeys } from "../storage/org-keys.ts";

/** A content that storage keeps encrypted, and the folder as orchestration sees it. */
async function lent(content: Buffer) {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryFolder());
  const disk = stack.use(await openLocalDisk(directory));
  const store = createEncryptedStore(disk, memoryKeys());
  const key = { orgId: randomUUID(), sha256: sha256(content) };
  await store.put(key, content, () => true);
  await using object = await store.get(key);
  const path = store.lend?.pathOf(key) ?? "";
  const file = create(BlobFileSchema, {
    path,
    fingerprint: object?.fingerprint ?? "",
    dataKey: object?.seal?.dataKey ?? new Uint8Array(),
  });
  const folder = openStorageFolder(directory);
  const read = async (signal = AbortSignal.timeout(60_000)) =>
    Buffer.concat(await Array.fromAsync(folder?.decrypt(file, content.length, signal) ?? []));
  const owned = stack.move();
  return { read, file, path: join(directory, path), [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test.each([0, 1, 65_536, 3_000_000])("OK: %i bytes", async (size) => {
  const content = generated(size, 1);
  await using blob = await lent(content);
  expect((await blob.read()).equals(content)).toBe(true);
});

test("OK: nothing of a file that has changed or is gone", async () => {
  await using blob = await lent(generated(1000, 2));
  await writeFile(blob.path, "other bytes");
  expect(await blob.read()).toHaveLength(0);
});

test("SealBroken: a damaged file, whose fingerprint nobody has compared", async () => {
  await using blob = await lent(generated(200_000, 3));
  await flipByte(blob.path, 70_000);
  blob.file.fingerprint = fileFingerprint(await stat(blob.path, { bigint: true }));
  await expect(blob.read()).rejects.toThrow(SealBroken);
});

test("Error: an aborted read", async () => {
  await using blob = await lent(generated(200_000, 4));
  const stopped = AbortSignal.abort(new Error("stopped"));
  await expect(blob.read(stopped)).rejects.toThrow("stopped");
});
