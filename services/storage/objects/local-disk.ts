import type { BigIntStats } from "node:fs";
import { link, mkdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { createDescriptors, type Descriptors, type Lease } from "../../lib/content/descriptors.ts";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { diskFull } from "../errors.ts";
import { createDurableFolders, type DurableFolders } from "./durable-folders.ts";
import { isFileError, namesIn, orDiskFull, succeedsUnless, syncFolder } from "./file-system.ts";
import { folderIdOf } from "./folder-id.ts";
import { listHashes } from "./list-hashes.ts";
import type { Content, IsSound, ObjectHead, ObjectStore, ObjectUpload, OpenObject } from "./object-store.ts";
import { readChunks } from "./read-chunks.ts";
import { restoreFile, setAside } from "./set-aside.ts";
import { deleteOldSmall, isSmallTemporary, writeSmall } from "./small-object.ts";
import { createTemporaryFile } from "./temporary-file.ts";

type Disk = {
  readonly root: string;
  readonly descriptors: Descriptors;
  readonly folders: DurableFolders;
};

/**
 * Objects in a folder of the local disk: `sha256/ab/cd/<hash>`, uploads in `tmp/<id>`, objects being deleted in
 * `aside/<hash>.<id>`. All three are on one file system, so that links and renames between them are atomic. The folder is
 * created with access for its owner only.
 */
export async function openLocalDisk(directory: string): Promise<ObjectStore> {
  const root = resolve(directory);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const folders = createDurableFolders(root);
  for (const name of ["sha256", "tmp", "aside"]) await folders.make(join(root, name));
  const disk: Disk = { root, folders, descriptors: createDescriptors() };
  await restoreAll(disk);
  return {
    put: (content, bytes, isSound) => orDiskFull(put(disk, content, bytes, isSound)),
    startUpload: (uploadId, expectedBytes) => startUpload(disk, uploadId, expectedBytes),
    head: (sha256) => headOf(disk, sha256),
    get: (sha256) => openObject(disk, sha256),
    delete: (sha256, isUsed) => deleteObject(disk, sha256, isUsed),
    list: () => listHashes(join(root, "sha256")),
    async listUploads() {
      return (await namesIn(join(root, "tmp"))).filter((name) => !isSmallTemporary(name));
    },
    deleteUpload: (uploadId) => rm(join(root, "tmp", uploadId), { force: true }),
    deleteRemains: (olderThanMs) => deleteOldSmall(join(root, "tmp"), olderThanMs),
    lend: {
      folderId: await folderIdOf(root),
      pathOf: (sha256) => relative(root, pathOf(disk, sha256)),
    },
    [Symbol.asyncDispose]: () => disk.descriptors[Symbol.asyncDispose](),
  };
}

const folderOf = ({ root }: Disk, sha256: string): string =>
  join(root, "sha256", sha256.slice(0, 2), sha256.slice(2, 4));

const pathOf = (disk: Disk, sha256: string): string => join(folderOf(disk, sha256), sha256);

async function startUpload(disk: Disk, uploadId: string, expectedBytes: number): Promise<ObjectUpload> {
  const { bavail, bsize } = await statfs(disk.root);
  if (expectedBytes > bavail * bsize) throw diskFull();
  const file = await createTemporaryFile(join(disk.root, "tmp", uploadId));
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

async function publish(disk: Disk, from: string, sha256: string, isSound: IsSound): Promise<string> {
  const to = pathOf(disk, sha256);
  await disk.folders.make(folderOf(disk, sha256));
  const isNew = await succeedsUnless("EEXIST", link(from, to));
  if (isNew) await rm(from);
  else if ((await soundFingerprint(disk, sha256, isSound)) === undefined) {
    await rename(from, to);
    disk.descriptors.forget(to);
  }
  // Also for an existing object: the process that published it may not have synced the folder yet.
  await syncFolder(folderOf(disk, sha256));
  return fileFingerprint(await stat(to, { bigint: true }));
}

async function put(disk: Disk, { sha256 }: Content, bytes: Uint8Array, isSound: IsSound): Promise<string> {
  const folder = folderOf(disk, sha256);
  await disk.folders.make(folder);
  const sound = await soundFingerprint(disk, sha256, isSound);
  const fingerprint = sound ?? (await writeSmall(join(disk.root, "tmp"), pathOf(disk, sha256), bytes));
  if (sound === undefined) disk.descriptors.forget(pathOf(disk, sha256));
  await syncFolder(folder);
  return fingerprint;
}

/** Fingerprint of an existing object that may stay; undefined if there is none. */
async function soundFingerprint(disk: Disk, sha256: string, isSound: IsSound): Promise<string | undefined> {
  const existing = await headOf(disk, sha256);
  return existing && isSound(existing) ? existing.fingerprint : undefined;
}

async function headOf(disk: Disk, sha256: string): Promise<ObjectHead | undefined> {
  try {
    return toHead(await stat(pathOf(disk, sha256), { bigint: true }));
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

const toHead = (stats: BigIntStats): ObjectHead => ({
  sizeBytes: Number(stats.size),
  fingerprint: fileFingerprint(stats),
});

async function openObject(disk: Disk, sha256: string): Promise<OpenObject | undefined> {
  const path = pathOf(disk, sha256);
  const lease = await leaseUnlessMissing(disk, path);
  if (!lease) return undefined;
  try {
    const stats = await lease.handle.stat({ bigint: true });
    if (stats.nlink > 0n) return toOpenObject(lease, stats);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  // Another process has replaced or deleted the file since it was opened.
  await lease[Symbol.asyncDispose]();
  disk.descriptors.forget(path);
  return openObject(disk, sha256);
}

async function leaseUnlessMissing({ descriptors }: Disk, path: string): Promise<Lease | undefined> {
  try {
    return await descriptors.lease(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** An open file outlives its name, so reads return the old bytes after a deletion. */
const toOpenObject = (lease: Lease, stats: BigIntStats): OpenObject => ({
  ...toHead(stats),
  read: (range) => readChunks(lease.handle, range),
  [Symbol.asyncDispose]: lease[Symbol.asyncDispose],
});

async function deleteObject(disk: Disk, sha256: string, isUsed: () => Promise<boolean>): Promise<void> {
  const path = pathOf(disk, sha256);
  const forget = () => disk.descriptors.forget(path);
  const deletion = setAside({ path, asideFolder: join(disk.root, "aside") }, () => {
    // Otherwise the next reader would get the open file, whose name is already gone.
    forget();
    return isUsed();
  });
  await deletion.finally(forget);
}

/** Restores objects that a dead process was deleting. Those that are unused are collected again. */
async function restoreAll(disk: Disk): Promise<void> {
  const aside = join(disk.root, "aside");
  for (const name of await namesIn(aside)) {
    const path = pathOf(disk, name.slice(0, name.indexOf(".")));
    await succeedsUnless("ENOENT", restoreFile(join(aside, name), path));
  }
}
