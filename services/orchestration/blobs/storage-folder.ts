import { constants, copyFile, lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BlobFile } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import { fileFingerprint } from "../../lib/content/file-fingerprint.ts";
import { sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import { copyInPieces } from "./copy-in-pieces.ts";

const pathForm = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;

/** Storage's folder of files, where this process can read it too: large files need not pass through the mesh. */
export type StorageFolder = {
  /** What storage knows the folder by; undefined when it is not there. */
  findId(): Promise<string | undefined>;
  /**
   * Copies to a new file what storage has verified, without a look at the bytes. Answers whether they were still the
   * verified ones at the end; if not, the copy is of no use. Throws the signal's reason when it aborts.
   */
  copy(file: BlobFile, to: string, signal: AbortSignal): Promise<boolean>;
};

/** Undefined for no folder: then every file comes through the mesh. */
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

/** Shares the blocks where the file system can: then it takes neither time nor room. */
const copy = (from: string, to: string, signal: AbortSignal): Promise<void> =>
  copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE).catch((error) => {
    if (error.code === "ENOENT") throw error;
    return copyInPieces(from, to, signal);
  });

/** Of the file itself, never of one that a link leads to; undefined when there is none. */
const fingerprintOf = (path: string): Promise<string | undefined> =>
  lstat(path, { bigint: true }).then(fileFingerprint, () => undefined);

/** Storage may remove a file at any time. */
function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
