import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { segmentBytes, tagBytes } from "../../services/lib/content/sealed-content.ts";
import { openLocalDisk } from "../../services/storage/objects/disk/local-disk.ts";
import { createEncryptedStore } from "../../services/storage/objects/encrypted/encrypted-store.ts";
import { sealedObjectBytes } from "../../services/storage/objects/encrypted/trailer.ts";
import type { ObjectKey, ObjectStore } from "../../services/storage/objects/object-store.ts";
import { failureOf } from "../lib/failure-of.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, filesIn, flipByte, generated, mib, sha256 } from "./fixtures.ts";
import { objectStoreSuite, type StoreUnderTest } from "./object-store-suite.ts";
import { memoryKeys } from "./org-keys.ts";

async function openDisk(): Promise<StoreUnderTest & { path: string; disk: ObjectStore }> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const keys = memoryKeys();
  const disk = stack.use(await openLocalDisk(path));
  const owned = stack.move();
  return {
    path,
    disk,
    store: createEncryptedStore(disk, keys),
    reopen: async () => createEncryptedStore(await openLocalDisk(path), keys),
    async damage(key, bytes) {
      const damaged = join(path, "damaged");
      await writeFile(damaged, bytes);
      await rename(damaged, join(path, blobPath(key, key.sha256)));
    },
    keys: () => filesIn(path),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("encrypted disk", () => objectStoreSuite("encrypted disk", openDisk));

const keyOf = (content: Buffer, orgId: string = randomUUID()): ObjectKey => ({
  orgId,
  sha256: sha256(content),
});

async function readAll(store: ObjectStore, key: ObjectKey, start = 0, end = Number.MAX_SAFE_INTEGER) {
  await using object = await store.get(key);
  if (!object) throw new Error("no object");
  return Buffer.concat(await Array.fromAsync(object.read({ start, end: Math.min(end, object.sizeBytes) })));
}

test("OK: the stored bytes have no part of the content, and the size that is announced", async () => {
  await using under = await openDisk();
  const content = Buffer.alloc(3 * segmentBytes, "a secret of the organisation ");
  const key = keyOf(content);
  await under.store.put(key, content, () => true);
  const stored = await readFile(join(under.path, blobPath(key, key.sha256)));
  expect(stored.length).toBe(sealedObjectBytes(content.length));
  expect(stored.includes("secret")).toBe(false);
  expect((await under.store.head(key))?.sizeBytes).toBe(content.length);
});

test("OK: the same content of two organisations, or stored twice, gives other bytes each time", async () => {
  await using under = await openDisk();
  const content = generated(1000, 1);
  const keys = [keyOf(content), keyOf(content)];
  const stored: string[] = [];
  for (const key of [...keys, ...keys]) {
    await under.store.put(key, content, () => false);
    stored.push((await readFile(join(under.path, blobPath(key, key.sha256)))).toString("hex"));
  }
  expect(new Set(stored).size).toBe(4);
});

test("OK: a range reads and decrypts its own segments, and the end of the object once", async () => {
  await using under = await openDisk();
  const content = generated(40 * segmentBytes, 2);
  const key = keyOf(content);
  const read: number[] = [];
  const counted = createEncryptedStore(
    {
      ...under.disk,
      async get(of) {
        const object = await under.disk.get(of);
        return (
          object && {
            ...object,
            read(range) {
              read.push(range.end - range.start);
              return object.read(range);
            },
          }
        );
      },
    },
    memoryKeys(),
  );
  await counted.put(key, content, () => true);
  for (let time = 0; time < 2; time += 1) {
    const bytes = await readAll(counted, key, 100_000, 165_536);
    expect(bytes.equals(content.subarray(100_000, 165_536))).toBe(true);
  }
  const segments = 2 * (segmentBytes + tagBytes);
  expect(read).toEqual([sealedObjectBytes(0), segments, segments]);
});

test("DataLoss: a damaged segment, and the others of the object are still read", async () => {
  await using under = await openDisk();
  const content = generated(mib, 3);
  const key = keyOf(content);
  await under.store.put(key, content, () => true);
  await flipByte(join(under.path, blobPath(key, key.sha256)), 5 * (segmentBytes + tagBytes) + 1000);
  const good = await readAll(under.store, key, 0, 5 * segmentBytes);
  expect(good.equals(content.subarray(0, 5 * segmentBytes))).toBe(true);
  for (const [start, end] of [
    [5 * segmentBytes, 5 * segmentBytes + 1],
    [0, mib],
  ] as const) {
    expect(await failureOf(readAll(under.store, key, start, end))).toEqual({
      code: "DataLoss",
      reason: "CONTENT_CORRUPT",
      metadata: { sha256: key.sha256 },
    });
  }
});

test("OK: objects that change their places are not taken for each other", async () => {
  await using under = await openDisk();
  const orgId = randomUUID();
  const [one, other] = [generated(1000, 4), generated(1000, 5)];
  const [key, place] = [keyOf(one, orgId), keyOf(other, orgId)];
  await under.store.put(key, one, () => true);
  await under.store.put(place, other, () => true);
  await under.damage(place, await readFile(join(under.path, blobPath(key, key.sha256))));
  // Taken for plain bytes, which have another size and another hash than what is expected there.
  const taken = await readAll(under.store, place);
  expect([taken.equals(one), taken.equals(other), taken.length]).toEqual([
    false,
    false,
    sealedObjectBytes(1000),
  ]);
});

test("OK: content that looks like an encrypted object, and was stored before there were keys, is read as it is", async () => {
  await using under = await openDisk();
  const orgId = randomUUID();
  const inner = generated(1000, 6);
  await under.store.put(keyOf(inner, orgId), inner, () => true);
  const lookalike = await readFile(join(under.path, blobPath({ orgId }, sha256(inner))));
  const key = keyOf(lookalike, orgId);
  await under.disk.put(key, lookalike, () => true);
  expect((await readAll(under.store, key)).equals(lookalike)).toBe(true);
});
