import { open, readdir } from "node:fs/promises";
import { diskFull } from "../errors.ts";

/** Whether the file system refused something with this code, as `ENOENT`. */
export function isFileError(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException | undefined)?.code ?? "");
}

/** Waits for `work` and answers whether it was done; false when the file system refused it with `code`. */
export async function doneUnless(code: "ENOENT" | "EEXIST", work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!isFileError(error, code)) throw error;
    return false;
  }
}

/** Names in a folder; none when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isFileError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** Makes what was added to a folder, or removed from it, durable. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

/** Does `work`; when the disk, or what the process may use of it, has no room, throws diskFull. */
export async function orDiskFull<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isFileError(error, "ENOSPC", "EDQUOT", "EFBIG") ? diskFull() : error;
  }
}
