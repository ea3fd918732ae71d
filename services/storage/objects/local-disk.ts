import { randomUUID } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { link, mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { createDescriptors, type Descriptors, type Lease } from "../../lib/content/descriptors.ts";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { diskFull } from "../errors.ts";
import type { BlobStore, Content, OpenBlob, TemporaryBlob } from "./object-store.ts";
import { createDurableFolders, type DurableFolders } from "./durable-folders.ts";
import { doneUnless, isFileError, namesIn, orDiskFull, syncFolder } from "./file-system.ts";
import { keptFolderId } from "./folder-id.ts";
import { deleteOldSmall, isSmallTemporary, writeSmall } from "./small-object.ts";
import { createTemporaryFile } from "./temporary-file.ts";

/** How many hashes are listed at a time, at the least. */
const listBatch = 1000;
const hashForm = /^[0-9a-f]{64}$/;

type Disk = {
  readonly root: string;
  readonly descriptors: Descriptors;
  readonly folders: DurableFolders;
};

/**
 * Content in a folder of the local disk: `sha256/ab/cd/<hash>`, on its way in `tmp/<id>`, on its way out in
 * `aside/<hash>.<id>`. All three lie on one file system, so that content moves between them as a whole or not at all.
 * The folder is made, for its owner only, when it is missing.
 */
export async function openLocalDisk(directory: string): Promise<BlobStore> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const folders = createDurableFolders(root);
  for (const name of ["sha256", "tmp", "aside"]) await folders.make(join(root, name));
  const disk: Disk = { root, folders, descriptors: createDescriptors() };
  await restoreAll(disk);
  return {
    folderId: await keptFolderId(root),
    createTemporary: (id, expectedBytes) => createTemporary(disk, id, expectedBytes),
    store: (content, bytes, isSound) => orDiskFull(store(disk, content, bytes, isSound)),
    async listTemporaries() {
      return (await namesIn(join(root, "tmp"))).filter((name) => !isSmallTemporary(name));
    },
    deleteTemporary: (id) => rm(join(root, "tmp", id), { force: true }),
    deleteOldSmall: (olderThanMs) => deleteOldSmall(join(root, "tmp"), olderThanMs),
    open: (sha256) => openBlob(disk, sha256),
    delete: (sha256, isUsed) => deleteBlob(disk, sha256, isUsed),
    list: () => listBlobs(join(root, "sha256")),
    [Symbol.asyncDispose]: () => disk.descriptors[Symbol.asyncDispose](),
  };
}

const folderOf = ({ root }: Disk, sha256: string): string =>
  join(root, "sha256", sha256.slice(0, 2), sha256.slice(2, 4));

const pathOf = (disk: Disk, sha256: string): string => join(folderOf(disk, sha256), sha256);

async function createTemporary(disk: Disk, id: string, expectedBytes: number): Promise<TemporaryBlob> {
  const { bavail, bsize } = await statfs(disk.root);
  if (expectedBytes > bavail * bsize) throw diskFull();
  const file = await createTemporaryFile(join(disk.root, "tmp", id));
  let sha256 = "";
  return {
    write: file.write,
    async finish() {
      const content = await file.finish();
      sha256 = content.sha256;
      return content;
    },
    publish: (isSound) => orDiskFull(publish(disk, file.path, sha256, isSound)),
    [Symbol.asyncDispose]: file[Symbol.asyncDispose],
  };
}

async function publish(
  disk: Disk,
  from: string,
  sha256: string,
  isSound: (existing: OpenBlob) => boolean,
): Promise<string> {
  const to = pathOf(disk, sha256);
  await disk.folders.make(folderOf(disk, sha256));
  const isNew = await doneUnless("EEXIST", link(from, to));
  if (isNew) await rm(from);
  else if (!(await isExistingSound(disk, sha256, isSound))) {
    await rename(from, to);
    disk.descriptors.forget(to);
  }
  // Also for content that was there: who published it may not have come so far yet.
  await syncFolder(folderOf(disk, sha256));
  return fileFingerprint(await stat(to, { bigint: true }));
}

/** As `publish`, for content that is in memory. */
async function store(
  disk: Disk,
  { sha256 }: Content,
  bytes: Uint8Array,
  isSound: (existing: OpenBlob) => boolean,
): Promise<string> {
  const folder = folderOf(disk, sha256);
  await disk.folders.make(folder);
  const sound = await findSound(disk, sha256, isSound);
  const fingerprint = sound ?? (await writeSmall(join(disk.root, "tmp"), pathOf(disk, sha256), bytes));
  if (sound === undefined) disk.descriptors.forget(pathOf(disk, sha256));
  await syncFolder(folder);
  return fingerprint;
}

async function findSound(
  disk: Disk,
  sha256: string,
  isSound: (existing: OpenBlob) => boolean,
): Promise<string | undefined> {
  await using existing = await openBlob(disk, sha256);
  return existing && isSound(existing) ? existing.fingerprint : undefined;
}

async function isExistingSound(disk: Disk, sha256: string, isSound: (existing: OpenBlob) => boolean) {
  return (await findSound(disk, sha256, isSound)) !== undefined;
}

async function openBlob(disk: Disk, sha256: string): Promise<OpenBlob | undefined> {
  const path = pathOf(disk, sha256);
  const lease = await leaseUnlessMissing(disk, path);
  if (!lease) return undefined;
  try {
    const stats = await lease.handle.stat({ bigint: true });
    if (stats.nlink > 0n) return blobOf(lease, stats, relative(disk.root, path));
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  // Another process has replaced or removed it since it was opened.
  await lease[Symbol.asyncDispose]();
  disk.descriptors.forget(path);
  return openBlob(disk, sha256);
}

async function leaseUnlessMissing({ descriptors }: Disk, path: string): Promise<Lease | undefined> {
  try {
    return await descriptors.lease(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

const blobOf = (lease: Lease, stats: BigIntStats, path: string): OpenBlob => ({
  path,
  sizeBytes: Number(stats.size),
  fingerprint: fileFingerprint(stats),
  async read(position, lengthBytes) {
    const buffer = Buffer.allocUnsafeSlow(lengthBytes);
    const { bytesRead } = await lease.handle.read(buffer, 0, lengthBytes, position);
    return buffer.subarray(0, bytesRead);
  },
  [Symbol.asyncDispose]: lease[Symbol.asyncDispose],
});

/**
 * The content is set aside first and asked about then. An upload of the same content that comes in between publishes its
 * own copy, so nothing that is judged here can be in use unless the caller's lock was lost before; then it goes back.
 */
async function deleteBlob(disk: Disk, sha256: string, isUsed: () => Promise<boolean>): Promise<void> {
  const name = `${sha256}.${randomUUID()}`;
  const aside = join(disk.root, "aside", name);
  const found = await doneUnless("ENOENT", rename(pathOf(disk, sha256), aside));
  disk.descriptors.forget(pathOf(disk, sha256));
  if (!found) return;
  let used = true;
  try {
    used = await isUsed();
  } finally {
    if (used) await restore(disk, name);
    else await rm(aside, { force: true });
  }
}

async function restore(disk: Disk, name: string): Promise<void> {
  const sha256 = name.slice(0, name.indexOf("."));
  const aside = join(disk.root, "aside", name);
  // Content that was published anew meanwhile is as good.
  await doneUnless("EEXIST", link(aside, pathOf(disk, sha256)));
  await syncFolder(folderOf(disk, sha256));
  await rm(aside);
}

/** Puts back what a process that died had set aside; if it is unused it will be collected again. */
async function restoreAll(disk: Disk): Promise<void> {
  for (const name of await namesIn(join(disk.root, "aside"))) await doneUnless("ENOENT", restore(disk, name));
}

async function* listBlobs(folder: string): AsyncIterable<string[]> {
  let batch: string[] = [];
  for (const outer of await namesIn(folder)) {
    for (const inner of await namesIn(join(folder, outer))) {
      const names = await namesIn(join(folder, outer, inner));
      batch.push(...names.filter((name) => hashForm.test(name)));
      if (batch.length < listBatch) continue;
      yield batch;
      batch = [];
    }
  }
  yield batch;
}
