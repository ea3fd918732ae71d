import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLocalDisk } from "../../services/storage/objects/local-disk.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, filesIn, sha256 } from "./fixtures.ts";
import { objectStoreSuite, type StoreUnderTest } from "./object-store-suite.ts";
import { startS3Server } from "./s3/server.ts";
import { openS3Store } from "./s3/store.ts";

async function openDisk(): Promise<StoreUnderTest> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const store = stack.use(await openLocalDisk(path));
  const owned = stack.move();
  return {
    store,
    reopen: () => openLocalDisk(path),
    async damage(hash, bytes) {
      const damaged = join(path, "damaged");
      await writeFile(damaged, bytes);
      await rename(damaged, join(path, blobPath(hash)));
    },
    keys: () => filesIn(path),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openS3(): Promise<StoreUnderTest> {
  await using stack = new AsyncDisposableStack();
  const { url, objects } = stack.use(await startS3Server());
  const store = stack.use(await openS3Store(url));
  const owned = stack.move();
  return {
    store,
    reopen: () => openS3Store(url),
    async damage(hash, bytes) {
      objects.set(`sha256/${hash}`, bytes);
    },
    keys: async () => [...objects.keys()],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("local disk", () => objectStoreSuite("local disk", openDisk));
describe("S3", () => objectStoreSuite("S3", openS3));

test("OK: only the local disk lends, by a path below its folder", async () => {
  await using disk = await openDisk();
  await using bucket = await openS3();
  const hash = sha256("some content");
  expect(disk.store.lend?.pathOf(hash)).toBe(blobPath(hash));
  expect(disk.store.lend?.folderId).toMatch(/^[\da-f-]{36}$/);
  expect(bucket.store.lend).toBeUndefined();
});

test("OK: the bucket's listing has several pages", async () => {
  await using server = await startS3Server();
  for (const key of ["a", "b", "c"]) server.objects.set(`tmp/${key}`, Buffer.alloc(0));
  await using store = await openS3Store(server.url);
  server.requests.length = 0;
  expect(await store.listUploads()).toEqual(["a", "b", "c"]);
  expect(server.requests).toHaveLength(2);
});
