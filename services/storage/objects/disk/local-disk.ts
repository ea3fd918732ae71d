import type { BigIntStats } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { createDescriptors, type Descriptors, type Lease } from "../../../lib/content/descriptors.ts";
import { fileFingerprint } from "../../../lib/content/file-fingerprint.ts";
import { contentCorrupt, diskFull } from "../../errors.ts";
import type {
  IsSound,
  ObjectHead,
  ObjectKey,
  ObjectStore,
  ObjectUpload,
  OpenObject,
  UploadStart,
} from "../object-store.ts";
import { type DiskFiles, diskFiles } from "./disk-files.ts";
import { createDurableFolders, type DurableFolders } from "./durable-folders.ts";
import { isFileError, namesIn, orDiskFull, succeedsUnless, syncFolder } from "./file-system.ts";
import { folderIdOf } from "./folder-id.ts";
import { listKeys } from "./list-keys.ts";
import { asideName, keyOfAside, objectPath, objectsFolder } from "./paths.ts";
import { readChunks } from "./read-chunks.ts";
import { restoreFile, setAside } from "./set-aside.ts";
import { deleteOldSmall, isSmallTemporary, writeSmall } from "./small-object.ts";
import { createTemporaryFile } from "./temporary-file.ts";

type Disk = {
  readonly root: string;
  readonly descriptors: Descriptors;
  readonly folders: DurableFolders;
  readonly files: DiskFiles;
};

/**
 * Objects in a folder of the local disk: `objects/<org>/ab/cd/<hash>`, uploads in `tmp/<id>`, objects being deleted in
 * `aside/<org>.<hash>.<id>`. All three are on one file system, so that links and renames between them are atomic. The
 * folder is created with access for its owner only. Tests give other `files`, which fail.
 */
export async function openLocalDisk(directory: string, files: DiskFiles = diskFiles): Promise<ObjectStore> {
  const root = resolve(directory);
  await files.mkdir(root, { recursive: true, mode: 0o700 });
  const folders = createDurableFolders(root, files);
  for (const name of [objectsFolder, "tmp", "aside"]) await folders.make(join(root, name));
  const disk: Disk = { root, folders, files, descriptors: createDescriptors(files.open) };
  await restoreAll(disk);
  return {
    put: (key, bytes, isSound) => orDiskFull(put(disk, key, bytes, isSound)),
    startUpload: (upload) => orDiskFull(startUpload(disk, upload)),
    head: (key) => orDiskFull(headOf(disk, key)),
    get: (key) => orDiskFull(openObject(disk, key)),
    delete: (key, isUsed) => deleteObject(disk, key, isUsed),
    list: () => listKeys(join(root, objectsFolder)),
    async listUploads() {
      return (await namesIn(join(root, "tmp"))).filter((name) => !isSmallTemporary(name));
    },
    deleteUpload: (uploadId) => files.rm(join(root, "tmp", uploadId), { force: true }),
    distrust: (key) => distrust(disk, key),
    deleteRemains: (olderThanMs) => deleteOldSmall(join(root, "tmp"), olderThanMs),
    lend: {
      folderId: await folderIdOf(root),
      pathOf: (key) => relative(root, pathOf(disk, key)),
    },
    [Symbol.asyncDispose]: () => disk.descriptors[Symbol.asyncDispose](),
  };
}

/** Reads the objects of a folder like that of `openLocalDisk`, and changes nothing in it. */
export function openDiskCopy(directory: string): Pick<ObjectStore, "get"> & AsyncDisposable {
  const disk = { root: resolve(directory), descriptors: createDescriptors() };
  return {
    get: (key) => orDiskFull(openObject(disk, key)),
    [Symbol.asyncDispose]: () => disk.descriptors[Symbol.asyncDispose](),
  };
}

const pathOf = ({ root }: Pick<Disk, "root">, key: ObjectKey): string => objectPath(root, key);

const folderOf = (disk: Disk, key: ObjectKey): string => dirname(pathOf(disk, key));

async function startUpload(
  disk: Disk,
  { orgId, uploadId, expectedBytes, isSealed = false }: UploadStart,
): Promise<ObjectUpload> {
  const { files } = disk;
  const { bavail, bsize } = await files.statfs(disk.root);
  if (expectedBytes > bavail * bsize) throw diskFull();
  const file = await createTemporaryFile(join(disk.root, "tmp", uploadId), { files, isSealed });
  let sha256 = "";
  return {
    write: file.write,
    async finish(hash) {
      const content = await file.finish(hash);
      sha256 = content.sha256;
      return content;
    },
    publish: (isSound) => orDiskFull(publish(disk, file.path, { orgId, sha256 }, isSound)),
    [Symbol.asyncDispose]: file[Symbol.asyncDispose],
  };
}

async function publish(disk: Disk, from: string, key: ObjectKey, isSound: IsSound): Promise<string> {
  const { files } = disk;
  const to = pathOf(disk, key);
  await disk.folders.make(folderOf(disk, key));
  const isNew = await succeedsUnless("EEXIST", files.link(from, to));
  if (isNew) await files.rm(from);
  else if ((await soundFingerprint(disk, key, isSound)) === undefined) {
    await files.rename(from, to);
    disk.descriptors.forget(to);
  }
  // Also for an existing object: the process that published it may not have synced the folder yet.
  await syncFolder(folderOf(disk, key), files);
  return fileFingerprint(await files.stat(to, { bigint: true }));
}

async function put(disk: Disk, key: ObjectKey, bytes: Uint8Array, isSound: IsSound): Promise<string> {
  const folder = folderOf(disk, key);
  await disk.folders.make(folder);
  const sound = await soundFingerprint(disk, key, isSound);
  const { root, files } = disk;
  const temporaries = join(root, "tmp");
  const fingerprint = sound ?? (await writeSmall({ temporaries, files }, pathOf(disk, key), bytes));
  if (sound === undefined) disk.descriptors.forget(pathOf(disk, key));
  await syncFolder(folder, files);
  return fingerprint;
}

/** Fingerprint of an existing object that may stay; undefined if there is none. */
async function soundFingerprint(disk: Disk, key: ObjectKey, isSound: IsSound): Promise<string | undefined> {
  const existing = await headOf(disk, key);
  return existing && isSound(existing) ? existing.fingerprint : undefined;
}

async function headOf(disk: Disk, key: ObjectKey): Promise<ObjectHead | undefined> {
  try {
    return toHead(await disk.files.stat(pathOf(disk, key), { bigint: true }));
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

const toHead = (stats: BigIntStats): ObjectHead => ({
  sizeBytes: Number(stats.size),
  fingerprint: fileFingerprint(stats),
});

type ReadableDisk = Pick<Disk, "root" | "descriptors">;

async function openObject(disk: ReadableDisk, key: ObjectKey): Promise<OpenObject | undefined> {
  const path = pathOf(disk, key);
  const lease = await leaseUnlessMissing(disk, path);
  if (!lease) return undefined;
  try {
    const stats = await lease.handle.stat({ bigint: true });
    if (stats.nlink > 0n) return toOpenObject(key, lease, stats);
  } catch (error) {
    await lease[Symbol.asyncDispose]();
    throw error;
  }
  // Another process has replaced or deleted the file since it was opened.
  await lease[Symbol.asyncDispose]();
  disk.descriptors.forget(path);
  return openObject(disk, key);
}

async function leaseUnlessMissing({ descriptors }: ReadableDisk, path: string): Promise<Lease | undefined> {
  try {
    return await descriptors.lease(path);
  } catch (error) {
    if (isFileError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** An open file outlives its name, so reads return the old bytes after a deletion. */
const toOpenObject = ({ sha256 }: ObjectKey, lease: Lease, stats: BigIntStats): OpenObject => ({
  ...toHead(stats),
  async *read(range) {
    try {
      yield* readChunks(lease.handle, range);
    } catch (error) {
      // The disk has lost the bytes.
      throw isFileError(error, "EIO") ? contentCorrupt(sha256) : error;
    }
  },
  [Symbol.asyncDispose]: lease[Symbol.asyncDispose],
});

/** Setting the times of a file changes its ctime, which is in the fingerprint. */
async function distrust(disk: Disk, key: ObjectKey): Promise<void> {
  const now = new Date();
  await succeedsUnless("ENOENT", disk.files.utimes(pathOf(disk, key), now, now));
}

async function deleteObject(disk: Disk, key: ObjectKey, isUsed: () => Promise<boolean>): Promise<void> {
  const path = pathOf(disk, key);
  const forget = () => disk.descriptors.forget(path);
  const aside = join(disk.root, "aside", asideName(key));
  const deletion = setAside({ path, aside, files: disk.files }, () => {
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
    const key = keyOfAside(name);
    if (key) await succeedsUnless("ENOENT", restoreFile(join(aside, name), pathOf(disk, key), disk.files));
  }
}
