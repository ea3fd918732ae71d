import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLocalDisk } from "../../../services/storage/objects/disk/local-disk.ts";
import { createEncryptedStore } from "../../../services/storage/objects/encrypted/encrypted-store.ts";
import type { ObjectStore } from "../../../services/storage/objects/object-store.ts";
import { forFile } from "../../lib/for-file.ts";
import { startProgram } from "../../lib/program.ts";
import { principal, temporaryFolder } from "../../lib/test-mesh.ts";
import {
  blobPath,
  download,
  flipByte,
  generated,
  mib,
  sha256,
  startStorage,
  startStorageIn,
  upload,
} from "../fixtures.ts";
import { memoryKeys } from "../org-keys.ts";
import { openBucketUnderTest } from "./open-bucket.ts";
import { hasS3, s3Missing, startS3Server } from "./s3-server.ts";

const main = join(import.meta.dirname, "../../../services/storage/move/main.ts");
const orgIds = [randomUUID(), randomUUID()];

async function bytesIn(store: ObjectStore, orgId: string, hash: string): Promise<Buffer | undefined> {
  await using object = await store.get({ orgId, sha256: hash });
  return object && Buffer.concat(await Array.fromAsync(object.read({ start: 0, end: object.sizeBytes })));
}

describe.skipIf(!hasS3)(`storage:move${s3Missing}`, () => {
  const server = forFile(startS3Server);

  async function openScene() {
    await using stack = new AsyncDisposableStack();
    const under = stack.use(await openBucketUnderTest(server()));
    const folder = stack.use(await temporaryFolder());
    const owned = stack.move();
    const { accessKeyId, secretAccessKey } = server().credentials;
    const move = (args: readonly string[], directory = folder.path) =>
      startProgram(
        main,
        {
          STORAGE_DIR: directory,
          STORAGE_S3_URL: `${server().url}/${under.bucket}/below`,
          STORAGE_S3_CREDENTIALS: `${accessKeyId}:${secretAccessKey}`,
        },
        args,
      );
    const moved = async (args: readonly string[], directory?: string) => {
      await using program = move(args, directory);
      return { code: await program.ended, output: program.output() };
    };
    return { under, folder, move, moved, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  }

  test("OK: kill -9 in the middle and another run bring every object to the bucket, and back to a new folder", async () => {
    await using scene = await openScene();
    await using disk = await openLocalDisk(scene.folder.path);
    const contents = Array.from({ length: 40 }, (_, seed) =>
      generated(seed % 10 === 0 ? 6 * mib + seed : 1000 + seed, seed + 1),
    );
    for (const [index, content] of contents.entries())
      await disk.put({ orgId: orgIds[index % 2] ?? "", sha256: sha256(content) }, content, () => true);
    const killed = scene.move(["to-s3"]);
    await expect.poll(async () => (await scene.under.keys()).length, { interval: 1 }).toBeGreaterThan(3);
    killed.process.kill("SIGKILL");
    await killed.ended;

    const second = await scene.moved(["to-s3"]);
    expect(second).toMatchObject({ code: 0, output: expect.stringMatching(/, 0 failed\n$/) });
    const all = contents.reduce((sum, { length }) => sum + length, 0);
    await using fresh = await temporaryFolder();
    expect(await scene.moved(["to-disk"], fresh.path)).toEqual({
      code: 0,
      output: `40 objects copied (${all} bytes), 0 were there, 0 failed\n`,
    });
    await using back = await openLocalDisk(fresh.path);
    for (const [index, content] of contents.entries()) {
      const orgId = orgIds[index % 2] ?? "";
      expect((await bytesIn(scene.under.store, orgId, sha256(content)))?.equals(content)).toBe(true);
      expect((await bytesIn(back, orgId, sha256(content)))?.equals(content)).toBe(true);
    }
    const third = await scene.moved(["to-s3", "--check"]);
    expect(third).toEqual({ code: 0, output: "0 objects copied (0 bytes), 40 were there, 0 failed\n" });
  });

  test("OK: encrypted objects move as they are, an empty one too, and --check replaces a copy that was damaged", async () => {
    await using scene = await openScene();
    await using disk = await openLocalDisk(scene.folder.path);
    const keys = memoryKeys();
    const [orgId = ""] = orgIds;
    const contents = [generated(200_000, 1), Buffer.alloc(0), generated(6 * mib, 2)];
    for (const content of contents)
      await createEncryptedStore(disk, keys).put({ orgId, sha256: sha256(content) }, content, () => true);
    await scene.moved(["to-s3"]);
    const encrypted = createEncryptedStore(scene.under.store, keys);
    for (const content of contents)
      expect((await bytesIn(encrypted, orgId, sha256(content)))?.equals(content)).toBe(true);

    const [content = Buffer.alloc(0)] = contents;
    const stored = (await bytesIn(disk, orgId, sha256(content))) ?? Buffer.alloc(0);
    await scene.under.damage({ orgId, sha256: sha256(content) }, Buffer.alloc(stored.length));
    expect((await scene.moved(["to-s3"])).output).toMatch(/^0 objects copied .* 3 were there/);
    expect((await scene.moved(["to-s3", "--check"])).output).toMatch(/^1 objects copied .* 2 were there/);
    expect((await bytesIn(encrypted, orgId, sha256(content)))?.equals(content)).toBe(true);
  });

  test("exit code 1: a damaged object is named and not copied; the others are", async () => {
    await using scene = await openScene();
    await using disk = await openLocalDisk(scene.folder.path);
    const [orgId = ""] = orgIds;
    const [good, bad] = [generated(1000, 3), generated(1000, 4)];
    for (const content of [good, bad])
      await disk.put({ orgId, sha256: sha256(content) }, content, () => true);
    await flipByte(join(scene.folder.path, blobPath({ orgId }, sha256(bad))), 10);
    const { code, output } = await scene.moved(["to-s3"]);
    expect(code).toBe(1);
    expect(output).toContain(`${orgId}/${sha256(bad)}: its bytes are damaged`);
    expect(output).toContain("1 objects copied (1000 bytes), 0 were there, 1 failed");
    expect(await scene.under.store.head({ orgId, sha256: sha256(bad) })).toBeUndefined();
  });

  test("exit code 2: no direction, another flag, no settings; exit code 1: a folder of before, another secret", async () => {
    await using scene = await openScene();
    for (const args of [[], ["to-tape"], ["to-s3", "--force"]])
      expect(await scene.moved(args)).toMatchObject({ code: 2, output: expect.stringContaining("usage:") });
    await using bare = startProgram(main, {}, ["to-s3"]);
    expect(await bare.ended).toBe(2);
    expect(bare.output()).toMatch(/STORAGE_DIR: is required.*STORAGE_S3_URL: is required/s);
    await using other = startProgram(
      main,
      {
        STORAGE_DIR: scene.folder.path,
        STORAGE_S3_URL: `${server().url}/${scene.under.bucket}`,
        STORAGE_S3_CREDENTIALS: "tests:not-the-secret",
      },
      ["to-s3"],
    );
    expect(await other.ended).toBe(1);
    expect(other.output()).toMatch(/storage_s3_credentials: the bucket .* refuses them/);
    expect(other.output()).not.toContain("not-the-secret");
    await mkdir(join(scene.folder.path, "sha256", "ab"), { recursive: true });
    const old = { code: 1, output: `${scene.folder.path}: start storage once, which upgrades the folder\n` };
    expect(await scene.moved(["to-s3"])).toEqual(old);
  });

  test("OK: the service goes on in the bucket with what it stored on disk", async () => {
    await using scene = await openScene();
    await using service = await startStorage();
    const who = principal();
    const content = generated(300_000, 9);
    const { fileId } = await upload(service, who, { content });
    await scene.moved(["to-s3"], service.directory);
    await using empty = await temporaryFolder();
    await using next = await startStorageIn(service.database, empty.path, {}, () => scene.under.reopen());
    expect((await download(next, who, { fileId })).bytes.equals(content)).toBe(true);
  });
});
