import { randomUUID } from "node:crypto";
import { mkdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BlobStore, OpenBlob } from "../../services/storage/objects/object-store.ts";
import { openLocalDisk } from "../../services/storage/objects/local-disk.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { blobPath, filesIn, generated, kib, mib, sha256 } from "./fixtures.ts";

const content = Buffer.from("some content");
const hash = sha256(content);
const path = blobPath(hash);

async function publish(disk: BlobStore, isSound: (existing: OpenBlob) => boolean = () => true) {
  await using temporary = await disk.createTemporary(randomUUID(), content.length);
  await temporary.write(content);
  await temporary.finish();
  return await temporary.publish(isSound);
}

async function readBack(disk: BlobStore): Promise<string | undefined> {
  await using blob = await disk.open(hash);
  return blob && Buffer.from(await blob.read(0, 100)).toString();
}

test("OK: the folder and its parents are made, for their owner only", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "data", "storage");
  await using _disk = await openLocalDisk(root);
  expect((await stat(root)).mode & 0o777).toBe(0o700);
});

test("OK: what is published is found under its hash, by its fingerprint, and listed", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  const fingerprint = await publish(disk);
  await using blob = await disk.open(hash);
  expect([blob?.fingerprint, blob?.sizeBytes]).toEqual([fingerprint, content.length]);
  expect(await readBack(disk)).toBe("some content");
  expect(await Array.fromAsync(disk.list())).toEqual([[hash]]);
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
  const pieces = [...sizes, ...sizes, ...sizes].map((size, seed) => generated(size, seed + 1));
  const whole = Buffer.concat(pieces);
  await using temporary = await disk.createTemporary(randomUUID(), 0);
  for (const piece of pieces) await temporary.write(piece);
  expect(await temporary.finish()).toEqual({ sha256: sha256(whole), sizeBytes: whole.length });
  await temporary.publish(() => true);
  await using blob = await disk.open(sha256(whole));
  expect(Buffer.from((await blob?.read(0, whole.length)) ?? []).equals(whole)).toBe(true);
});

test("OK: a temporary that is not published is removed with its scope", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  const id = randomUUID();
  {
    await using temporary = await disk.createTemporary(id, 0);
    await temporary.write(content);
    expect(await disk.listTemporaries()).toEqual([id]);
  }
  expect(await disk.listTemporaries()).toEqual([]);
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
  for (let time = 0; time < 2; time += 1) await disk.delete(hash, async () => false);
  expect(await readBack(disk)).toBeUndefined();
  expect(await filesIn(folder.path)).toEqual([]);
});

test("OK: content that proves to be used when it is out of reach is put back", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  let within: string | undefined;
  await disk.delete(hash, async () => {
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
  const lost = disk.delete(hash, async () => {
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
    await disk.delete(hash, async () => {
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
  await rename(join(folder.path, path), join(folder.path, "aside", `${hash}.${randomUUID()}`));
  await using disk = await openLocalDisk(folder.path);
  expect(await readBack(disk)).toBe("some content");
  expect(await filesIn(folder.path)).toEqual([path]);
});

test("OK: an open content stays readable when it is removed and replaced", async () => {
  await using folder = await temporaryFolder();
  await using disk = await openLocalDisk(folder.path);
  await publish(disk);
  await using blob = await disk.open(hash);
  await disk.delete(hash, async () => false);
  await publish(disk);
  expect(Buffer.from((await blob?.read(5, 7)) ?? []).toString()).toBe("content");
});
