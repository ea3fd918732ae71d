import { randomUUID } from "node:crypto";
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLocalDisk } from "../../services/storage/objects/disk/local-disk.ts";
import type { IsSound, ObjectStore, OpenObject } from "../../services/storage/objects/object-store.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, filesIn, generated, kib, mib, sha256 } from "./fixtures.ts";

const content = Buffer.from("some content");
const orgId = randomUUID();
const key = { orgId, sha256: sha256(content) };
const path = blobPath(key, key.sha256);

async function publish(disk: ObjectStore, isSound: IsSound = () => true) {
  await using upload = await disk.startUpload({
    orgId,
    uploadId: randomUUID(),
    expectedBytes: content.length,
  });
  await upload.write(content);
  await upload.finish();
  return await upload.publish(isSound);
}

async function bytesOf(object: OpenObject | undefined, start: number, end: number): Promise<Buffer> {
  return Buffer.concat(object ? await Array.fromAsync(object.read({ start, end })) : []);
}

async function readBack(disk: ObjectStore): Promise<string | undefined> {
  await using object = await disk.get(key);
  return object && (await bytesOf(object, 0, 100)).toString();
}

test("OK: the folder and its parents are made, for their owner only", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "data", "storage");
  await using _disk = await openLocalDisk(root);
  expect((await stat(root)).mode & 0o777).toBe(0o700);
});

test("OK: what is published is found under its key, by its fingerprint, and listed", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  const fingerprint = await publish(disk);
  await using object = await disk.get(key);
  expect([object?.fingerprint, object?.sizeBytes]).toEqual([fingerprint, content.length]);
  expect(await readBack(disk)).toBe("some content");
  expect(await Array.fromAsync(disk.list())).toEqual([[key]]);
  expect(await filesIn(folder.path)).toEqual([path]);
});

test("OK: pieces of any size are written in their order, and hashed as a whole", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  const sizes = [
    1,
    16 * kib,
    16 * kib + 1,
    0,
    3,
    64 * kib,
    16 * kib,
    16 * kib,
    16 * kib,
    16 * kib,
    1,
    mib,
    5,
  ];
  const chunks = [...sizes, ...sizes, ...sizes].map((size, seed) => generated(size, seed + 1));
  const whole = Buffer.concat(chunks);
  await using upload = await disk.startUpload({ orgId, uploadId: randomUUID(), expectedBytes: 0 });
  for (const chunk of chunks) await upload.write(chunk);
  expect(await upload.finish()).toEqual({ sha256: sha256(whole), sizeBytes: whole.length });
  await upload.publish(() => true);
  await using object = await disk.get({ orgId, sha256: sha256(whole) });
  expect((await bytesOf(object, 0, whole.length)).equals(whole)).toBe(true);
});

test("OK: a temporary that is not published is removed with its scope", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  const id = randomUUID();
  {
    await using upload = await disk.startUpload({ orgId, uploadId: id, expectedBytes: 0 });
    await upload.write(content);
    expect(await disk.listUploads()).toEqual([id]);
  }
  expect(await disk.listUploads()).toEqual([]);
});

test.each([
  [true, "stays"],
  [false, "is replaced"],
])("OK: content that is there and sound: %o %s", async (sound, outcome) => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  const { ino } = await stat(join(folder.path, path));
  await publish(disk, () => sound);
  expect((await stat(join(folder.path, path))).ino === ino ? "stays" : "is replaced").toBe(outcome);
  expect(await filesIn(folder.path)).toEqual([path]);
});

test("OK: content that nobody uses is removed, once and again", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  for (let time = 0; time < 2; time += 1) await disk.delete(key, async () => false);
  expect(await readBack(disk)).toBeUndefined();
  expect(await filesIn(folder.path)).toEqual([]);
});

test("OK: content that proves to be used when it is out of reach is put back", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  let within: string | undefined;
  await disk.delete(key, async () => {
    within = await readBack(disk);
    return true;
  });
  expect([within, await readBack(disk)]).toEqual([undefined, "some content"]);
  expect(await filesIn(folder.path)).toEqual([path]);
});

test("OK: content is put back when nobody can say whether it is used", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  const lost = disk.delete(key, async () => {
    throw new Error("the connection is lost, and the lock with it");
  });
  await expect(lost).rejects.toThrow("the connection is lost");
  expect(await readBack(disk)).toBe("some content");
});

test.each([true, false])(
  "OK: content that is published while it is removed stays, used: %o",
  async (used) => {
    await using folder = await temporaryFolder();
    await using disk = await openLocalDisk(folder.path);
    await publish(disk);
    await disk.delete(key, async () => {
      await publish(disk);
      return used;
    });
    expect(await readBack(disk)).toBe("some content");
    expect(await filesIn(folder.path)).toEqual([path]);
  },
);

test("OK: what a process that died had set aside is there again after the next start", async () => {
  await using folder = await temporaryFolder();
  {
    await using disk = await openLocalDisk(folder.path);
    await publish(disk);
  }
  await mkdir(join(folder.path, "aside"), { recursive: true });
  await rename(join(folder.path, path), join(folder.path, "aside", `${orgId}.${key.sha256}.${randomUUID()}`));
  await using disk = await openLocalDisk(folder.path);
  expect(await readBack(disk)).toBe("some content");
  expect(await filesIn(folder.path)).toEqual([path]);
});

test("OK: an open content stays readable when it is removed and replaced", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  await using object = await disk.get(key);
  await disk.delete(key, async () => false);
  await publish(disk);
  expect((await bytesOf(object, 5, 12)).toString()).toBe("content");
});
