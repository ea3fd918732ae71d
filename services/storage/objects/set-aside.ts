import { randomUUID } from "node:crypto";
import { link, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { succeedsUnless, syncFolder } from "./file-system.ts";

type Deletion = {
  readonly path: string;
  /** Folder on the same file system. */
  readonly asideFolder: string;
};

/**
 * Deletes a file unless it is in use. The file is moved aside before `isUsed` is called: a concurrent upload of the same
 * content publishes another copy, so the file can only be in use if the caller has lost its lock. Then it is restored,
 * and also if `isUsed` throws.
 */
export async function setAside(
  { path, asideFolder }: Deletion,
  isUsed: () => Promise<boolean>,
): Promise<void> {
  const aside = join(asideFolder, `${basename(path)}.${randomUUID()}`);
  if (!(await succeedsUnless("ENOENT", rename(path, aside)))) return;
  let used = true;
  try {
    used = await isUsed();
  } finally {
    if (used) await restoreFile(aside, path);
    else await rm(aside, { force: true });
  }
}

/** Moves a file back to its path, unless an equal one was published there since. */
export async function restoreFile(aside: string, path: string): Promise<void> {
  await succeedsUnless("EEXIST", link(aside, path));
  await syncFolder(dirname(path));
  await rm(aside);
}
