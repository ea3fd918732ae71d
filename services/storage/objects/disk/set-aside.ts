import { dirname } from "node:path";
import { type DiskFiles, diskFiles } from "./disk-files.ts";
import { succeedsUnless, syncFolder } from "./file-system.ts";

type Deletion = {
  readonly path: string;
  /** A new path on the same file system. */
  readonly aside: string;
  readonly files: DiskFiles;
};

/**
 * Deletes a file unless it is in use. The file is moved aside before `isUsed` is called: a concurrent upload of the same
 * content publishes another copy, so the file can only be in use if the caller has lost its lock. Then it is restored,
 * and also if `isUsed` throws.
 */
export async function setAside(
  { path, aside, files }: Deletion,
  isUsed: () => Promise<boolean>,
): Promise<void> {
  if (!(await succeedsUnless("ENOENT", files.rename(path, aside)))) return;
  let used = true;
  try {
    used = await isUsed();
  } finally {
    if (used) await restoreFile(aside, path, files);
    else await files.rm(aside, { force: true });
  }
}

/** Moves a file back to its path, unless an equal one was published there since. */
export async function restoreFile(aside: string, path: string, files: DiskFiles = diskFiles): Promise<void> {
  await succeedsUnless("EEXIST", files.link(aside, path));
  await syncFolder(dirname(path), files);
  await files.rm(aside);
}
