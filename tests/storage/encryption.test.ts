import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import type { File } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import { failureOf } from "../lib/failure-of.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { principal, type RunningService, temporaryFolder } from "../lib/test-mesh.ts";
import { newMasterKey, startWithKeys, untilPlainIsEncrypted, untilRemovable } from "./encryption-fixtures.ts";
import {
  blobPath,
  download,
  filesIn,
  flipByte,
  generated,
  mib,
  sha256,
  upload,
  usage,
  usageOf,
} from "./fixtures.ts";
import { scrub, told } from "./scrub-fixtures.ts";

vi.setConfig({ testTimeout: 120_000 });

type Stored = { readonly who: Principal; readonly file: File; readonly content: Buffer };

/** Sizes of no segment, of a part of one, of whole ones and of many. */
const sizes = [0, 10, 131_072, mib + 7];

/** Stores contents of these sizes in two organisations. */
function store(service: RunningService, seed = 0): Promise<Stored[]> {
  const owners = [principal(), principal()];
  const stored = owners.flatMap((who) =>
    sizes.map(async (size, at) => {
      const content = generated(size, seed + at + 1);
      return { who, file: await upload(service, who, { content }), content };
    }),
  );
  return Promise.all(stored);
}

async function expectReadable(service: RunningService, stored: readonly Stored[]): Promise<void> {
  const reads = stored.map(async ({ who, file: { fileId }, content }) => {
    expect((await download(service, who, { fileId })).bytes.equals(content)).toBe(true);
    if (content.length < 100_000) return;
    const { bytes } = await download(service, who, { fileId, range: "bytes=65530-70000" });
    expect(bytes.equals(content.subarray(65_530, 70_001))).toBe(true);
  });
  await Promise.all(reads);
}

const pathOf = (directory: string, { who, file }: Stored) => join(directory, blobPath(who, file.sha256));

const bytesOf = (directory: string, stored: readonly Stored[]) =>
  Promise.all(stored.map(async (one) => sha256(await readFile(pathOf(directory, one)))));

test("OK: content is encrypted on the disk, is read whole and in ranges, and counts with its own size", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await startWithKeys(database, folder.path, { masterKey: newMasterKey() });
  const stored = await store(service);
  await expectReadable(service, stored);
  for (const one of stored.filter(({ content }) => content.length > 0)) {
    const bytes = await readFile(pathOf(folder.path, one));
    expect(bytes.includes(one.content.subarray(0, 16))).toBe(false);
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(await usageOf(service, stored[0]?.who ?? principal())).toEqual(usage(total, sizes.length));
  expect((await scrub(service)).findings).toEqual([]);
});

test("OK: a new master key is put in place without a change to any object, and the old one is not needed any more", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const [first, second] = [newMasterKey(), newMasterKey()];
  let stored: Stored[];
  {
    await using service = await startWithKeys(database, folder.path, { masterKey: first });
    stored = await store(service);
  }
  const before = await bytesOf(folder.path, stored);
  {
    const keys = { masterKey: second, previousMasterKeys: [first] };
    await using service = await startWithKeys(database, folder.path, keys);
    await expectReadable(service, stored);
    stored.push(...(await store(service, 100)));
    await untilRemovable(service);
  }
  // The old key is gone for good.
  await using service = await startWithKeys(database, folder.path, { masterKey: second });
  await expectReadable(service, stored);
  expect(await bytesOf(folder.path, stored.slice(0, before.length))).toEqual(before);
  expect((await scrub(service)).findings).toEqual([]);
  const rows = await database.sql`select org_id from storage.org_keys`;
  // Two keys of each of the first organisations would open nothing more than their own objects.
  expect(rows).toHaveLength(4);
});

test.each([
  ["missing", undefined, "storage_master_key is missing"],
  ["wrong", newMasterKey(), "storage_master_key is not the key that stored content is encrypted with"],
])("Error: a master key that is %s at the start, which loses nothing", async (_, masterKey, message) => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const right = newMasterKey();
  let stored: Stored[];
  {
    await using service = await startWithKeys(database, folder.path, { masterKey: right });
    stored = await store(service);
  }
  const before = await filesIn(folder.path);
  await expect(startWithKeys(database, folder.path, masterKey ? { masterKey } : {})).rejects.toThrow(message);
  expect(await filesIn(folder.path)).toEqual(before);
  await using service = await startWithKeys(database, folder.path, { masterKey: right });
  await expectReadable(service, stored);
});

test("Error: a key of an organisation that was changed in the database", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const masterKey = newMasterKey();
  {
    await using service = await startWithKeys(database, folder.path, { masterKey });
    await upload(service, principal(), { content: "some content" });
  }
  await database.sql`update storage.org_keys set org_id = gen_random_uuid()`;
  await expect(startWithKeys(database, folder.path, { masterKey })).rejects.toThrow();
});

test("OK: content that was stored before is read, encrypted one by one, and read again", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  let stored: Stored[];
  {
    await using service = await startWithKeys(database, folder.path);
    stored = await store(service);
  }
  const damaged = stored.at(-1);
  if (!damaged) throw new Error("nothing is stored");
  await flipByte(pathOf(folder.path, damaged), 5);
  const before = await bytesOf(folder.path, stored);
  await using service = await startWithKeys(database, folder.path, { masterKey: newMasterKey() });
  const sound = stored.filter((one) => one !== damaged);
  await expectReadable(service, sound);
  await untilPlainIsEncrypted(service);
  await expectReadable(service, sound);
  const after = await bytesOf(folder.path, stored);
  expect(after.map((bytes, at) => bytes === before[at])).toEqual(stored.map((one) => one === damaged));
  expect(told((await scrub(service)).findings)).toEqual([
    { kind: "CORRUPT", sha256: damaged.file.sha256, fileIds: [damaged.file.fileId], repaired: false },
  ]);
});

test("DataLoss: a damaged byte is never served, whole or in a range, and other ranges are", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await startWithKeys(database, folder.path, { masterKey: newMasterKey() });
  const who = principal();
  const content = generated(mib, 8);
  const file = await upload(service, who, { content });
  await flipByte(pathOf(folder.path, { who, file, content }), 700_000);
  const corrupt = {
    code: "DataLoss",
    reason: "CONTENT_CORRUPT",
    metadata: { sha256: file.sha256 },
  };
  const { fileId } = file;
  expect(await failureOf(download(service, who, { fileId }))).toEqual(corrupt);
  expect(await failureOf(download(service, who, { fileId, range: "bytes=690000-700000" }))).toEqual(corrupt);
  const good = await download(service, who, { fileId, range: "bytes=0-600000" });
  expect(good.bytes.equals(content.subarray(0, 600_001))).toBe(true);
});

test("OK: two processes encrypt and read the same objects, also of an organisation that both see first", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  const masterKey = newMasterKey();
  await using one = await startWithKeys(database, folder.path, { masterKey });
  await using other = await startWithKeys(database, folder.path, { masterKey });
  const who = principal();
  const contents = Array.from({ length: 12 }, (_, seed) => generated(1000 + seed, seed + 1));
  const stored = await Promise.all(
    contents.map(async (content, at) => ({
      who,
      content,
      file: await upload(at % 2 === 0 ? one : other, who, { content }),
    })),
  );
  await Promise.all([expectReadable(one, stored), expectReadable(other, stored)]);
});

test("OK: many organisations store their first content at once", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await startWithKeys(database, folder.path, { masterKey: newMasterKey() });
  const uploads = Array.from({ length: 40 }, (_, seed) =>
    upload(service, principal(), { content: generated(100, seed + 1) }),
  );
  expect(await Promise.all(uploads)).toHaveLength(40);
});

test("OK: orchestration is given the key with the path, and the bytes if it can't read the folder", async () => {
  await using database = await createTestDatabase();
  await using folder = await temporaryFolder();
  await using service = await startWithKeys(database, folder.path, { masterKey: newMasterKey() });
  const who = principal();
  const content = generated(200_000, 9);
  const { fileId, sha256: hash } = await upload(service, who, { content });
  const parts = async (headers: Record<string, string>) => {
    const stream = service.client(BlobService, who, "orchestration").getBlob({ fileId }, { headers });
    return (await Array.fromAsync(stream)).map(({ part }) => part);
  };
  const id = await readFile(join(folder.path, "id"), "utf8");
  const [, lent] = await parts({ "x-sluice-shared-folder": id });
  expect(lent).toMatchObject({ case: "file", value: { path: blobPath(who, hash) } });
  expect(lent?.case === "file" && lent.value.dataKey).toHaveLength(32);
  const chunks = (await parts({})).flatMap((part) => (part.case === "chunk" ? [part.value] : []));
  expect(Buffer.concat(chunks).equals(content)).toBe(true);
});
