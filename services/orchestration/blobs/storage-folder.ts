import { constants, copyFile, lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlobFile } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import { copyInChunks } from "./copy-in-chunks.ts";

const pathForm = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;

/** Storage's folder, if this process can read it: then large files do not pass through the mesh. */
export type StorageFolder = {
  /** Id of the folder; undefined if it is missing. */
  findId(): Promise<string | undefined>;
  /**
   * Copies a file that storage has verified, without hashing it again. Returns false if the file changed before the copy was
   * complete: then the copy is useless. Throws the signal's reason on abort.
   */
  copy(file: BlobFile, to: string, signal: AbortSignal): Promise<boolean>;
};

/** Undefined without a folder: then every file is streamed through the mesh. */
export function openStorageFolder(directory: string | undefined): StorageFolder | undefined {
  if (directory === undefined) return undefined;
  let id: string | undefined;
  return {
    async findId() {
      id ??= await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
      return id;
    },
    async copy({ path, fingerprint }, to, signal) {
      if (!pathForm.test(path)) throw new Error(`${path} is not a path in a shared folder`);
      const from = join(directory, path);
      if ((await fingerprintOf(from)) !== fingerprint) return false;
      await copy(from, to, signal).catch(unlessMissing);
      return (await fingerprintOf(from)) === fingerprint;
    },
  };
}

/** Clones the blocks where the file system can, which takes neither time nor space. */
const copy = (from: string, to: string, signal: AbortSignal): Promise<void> =>
  copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE).catch((error) => {
    if (error.code === "ENOENT") throw error;
    return copyInChunks(from, to, signal);
  });

/** Does not follow symbolic links. Undefined if there is no file. */
const fingerprintOf = (path: string): Promise<string | undefined> =>
  lstat(path, { bigint: true }).then(fileFingerprint, () => undefined);

/** Storage may delete a file at any time. */
function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
