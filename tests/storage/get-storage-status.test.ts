import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { ReadOnlyReason, StorageStatusService } from "../../gen/sluice/storage/v1/status_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import {
  chunkPart,
  download,
  failureOf,
  filesIn,
  generated,
  lacking,
  mib,
  openUpload,
  startStorage,
  startStorageIn,
  upload,
} from "./fixtures.ts";
import { platformAdmin } from "./scrub-fixtures.ts";
import { removeFile } from "./trash-fixtures.ts";

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const isRoot = process.geteuid?.() === 0;
const tebibyte = 2 ** 40;

const storage = forFile(startStorage);
const full = { code: "ResourceExhausted", reason: "DISK_FULL", metadata: {} };

const statusOf = (service: RunningService) =>
  service.client(StorageStatusService, platformAdmin).getStorageStatus({});

test("OK: GetStorageStatus returns the free space, and no reason while content is taken", async () => {
  const status = await statusOf(storage());
  expect(status).toMatchObject({ readOnlyReason: ReadOnlyReason.UNSPECIFIED, reserveBytes: 0n });
  expect(status.readOnlyTime).toBeUndefined();
  expect(status.freeBytes).toBeGreaterThan(0n);
});

test("PermissionDenied: an administrator of an organisation", async () => {
  const call = storage().client(StorageStatusService, principal()).getStorageStatus({});
  expect(await failureOf(call)).toEqual(lacking("storage.status.read"));
});

test("ResourceExhausted: below the reserve nothing is stored, and everything is read and deleted", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const who = principal();
  const content = generated(mib, 1);
  const files = [];
  {
    await using roomy = await startStorageIn(database, folder.path);
    for (const name of ["a", "b"]) files.push(await upload(roomy, who, { name, content }));
  }
  const settings = { reserveBytes: 1000 * tebibyte };
  const eager = { collectMs: 20, graceMs: 0 };
  await using service = await startStorageIn(database, folder.path, eager, undefined, undefined, settings);
  expect(await statusOf(service)).toMatchObject({
    readOnlyReason: ReadOnlyReason.RESERVE,
    readOnlyTime: expect.anything(),
    reserveBytes: BigInt(1000 * tebibyte),
  });
  expect(await failureOf(upload(service, who, { content: "small" }))).toEqual(full);
  // Before its bytes have arrived.
  const large = openUpload(service, who, { sizeBytes: BigInt(8 * mib) });
  expect(await failureOf(large.answer)).toEqual(full);
  for (const { fileId } of files) {
    expect((await download(service, who, { fileId })).bytes.equals(content)).toBe(true);
    await removeFile(service, who, fileId);
  }
  await expect.poll(() => filesIn(folder.path)).toEqual([]);
});

// Only root can mount a small file system.
test.runIf(isRoot)(
  "OK: storage stops at its reserve on a real disk, and takes content again when there is space",
  async () => {
    await using database = await createTestDatabase();
    await using folder = await temporaryFolder();
    const directory = join(folder.path, "small");
    await mkdir(directory);
    await run("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", directory]);
    try {
      const limits = { collectMs: 20, graceMs: 0, smallBytesMax: 1000 };
      const settings = { reserveBytes: 6 * mib };
      await using service = await startStorageIn(database, directory, limits, undefined, undefined, settings);
      const who = principal();
      const content = generated(4 * mib, 2);
      const file = await upload(service, who, { content });
      // What would leave less than the reserve is refused before it begins, if its size is announced,
      const announced = openUpload(service, who, { sizeBytes: BigInt(7 * mib) });
      expect(await failureOf(announced.answer)).toEqual(full);
      // and otherwise when it gets there: the disk is not filled to its end.
      const endless = openUpload(service, who);
      const sending = setInterval(() => endless.send(chunkPart(generated(mib, 3))), 50);
      expect(await failureOf(endless.answer)).toEqual(full);
      clearInterval(sending);
      expect((await download(service, who, { fileId: file.fileId })).bytes.equals(content)).toBe(true);
      await removeFile(service, who, file.fileId);
      await expect
        .poll(async () => (await statusOf(service)).readOnlyReason)
        .toBe(ReadOnlyReason.UNSPECIFIED);
      await expect.poll(() => filesIn(directory)).toEqual([]);
      await expect
        .poll(() => failureOf(upload(service, who, { content })).catch(() => "stored"))
        .toBe("stored");
    } finally {
      await run("umount", [directory]);
    }
  },
);

test.runIf(isRoot)(
  "OK: storage on a disk that is mounted read-only reads, and writes again when that is over",
  async () => {
    await using database = await createTestDatabase();
    await using folder = await temporaryFolder();
    const directory = join(folder.path, "small");
    await mkdir(directory);
    await run("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", directory]);
    try {
      await using service = await startStorageIn(database, directory);
      const who = principal();
      const content = generated(100, 4);
      const { fileId } = await upload(service, who, { content });
      await run("mount", ["-o", "remount,ro", directory]);
      for (let time = 0; time < 2; time += 1) {
        expect(await failureOf(upload(service, who, { content: generated(mib, 5 + time) }))).toEqual(full);
      }
      expect(await statusOf(service)).toMatchObject({ readOnlyReason: ReadOnlyReason.WRITE_FAILED });
      expect((await download(service, who, { fileId })).bytes.equals(content)).toBe(true);
      await run("mount", ["-o", "remount,rw", directory]);
      await expect
        .poll(async () => (await statusOf(service)).readOnlyReason)
        .toBe(ReadOnlyReason.UNSPECIFIED);
      await upload(service, who, { content: generated(mib, 5) });
    } finally {
      await run("umount", [directory]);
    }
  },
);
