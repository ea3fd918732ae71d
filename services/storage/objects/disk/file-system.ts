import { readdir } from "node:fs/promises";
import { diskFull, tooManyFiles } from "../../errors.ts";
import { type DiskFiles, diskFiles } from "./disk-files.ts";

/** Whether an error of the file system has one of these codes, as `ENOENT`. */
export function isFileError(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

/** Awaits `work`. Returns false if it failed with `code`, true if it succeeded. */
export async function succeedsUnless(code: "ENOENT" | "EEXIST", work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!isFileError(error, code)) throw error;
    return false;
  }
}

/** Names in a folder; empty if the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isFileError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** Makes additions to a folder and removals from it durable. */
export async function syncFolder(folder: string, files: DiskFiles = diskFiles): Promise<void> {
  await using handle = await files.open(folder, "r");
  await handle.sync();
}

/**
 * Awaits `work`. Throws diskFull if the disk is full or read-only, or a quota or file size limit of the process is reached,
 * and tooManyFiles if the process or the system has no descriptor left.
 */
export async function orDiskFull<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isFileError(error, "ENOSPC", "EDQUOT", "EFBIG", "EROFS")) throw diskFull(error);
    if (isFileError(error, "EMFILE", "ENFILE")) throw tooManyFiles();
    throw error;
  }
}
