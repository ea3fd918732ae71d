import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLocalDisk } from "../../services/storage/objects/disk/local-disk.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, filesIn, sha256 } from "./fixtures.ts";
import { objectStoreSuite, type StoreUnderTest } from "./object-store-suite.ts";

async function openDisk(): Promise<StoreUnderTest> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temporaryFolder());
  const store = stack.use(await openLocalDisk(path));
  const owned = stack.move();
  return {
    store,
    reopen: () => openLocalDisk(path),
    async damage(key, bytes) {
      const damaged = join(path, "damaged");
      await writeFile(damaged, bytes);
      await rename(damaged, join(path, blobPath(key, key.sha256)));
    },
    keys: () => filesIn(path),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("local disk", () => objectStoreSuite("local disk", openDisk));

test("OK: the local disk lends, by a path below its folder", async () => {
  await using disk = await openDisk();
  const key = { orgId: randomUUID(), sha256: sha256("some content") };
  expect(disk.store.lend?.pathOf(key)).toBe(blobPath(key, key.sha256));
  expect(disk.store.lend?.folderId).toMatch(/^[\da-f-]{36}$/);
});
