import { dirname } from "node:path";
import { type DiskFiles, diskFiles } from "./disk-files.ts";
import { syncFolder } from "./file-system.ts";

export type DurableFolders = {
  /** Creates a folder below the root and its missing parents, and syncs their directory entries. */
  make(folder: string): Promise<void>;
};

/**
 * Creates folders below an existing root. Each is synced once per process even if it exists: the process that created it
 * may have died before its own sync.
 */
export function createDurableFolders(root: string, files: DiskFiles = diskFiles): DurableFolders {
  const made = new Map<string, Promise<void>>([[root, Promise.resolve()]]);
  const make = (folder: string): Promise<void> => {
    const known = made.get(folder);
    if (known) return known;
    const making = makeOne(files, folder, make(dirname(folder)));
    made.set(folder, making);
    making.catch(() => made.delete(folder));
    return making;
  };
  return { make };
}

async function makeOne(files: DiskFiles, folder: string, parent: Promise<void>): Promise<void> {
  await parent;
  await files.mkdir(folder, { mode: 0o700, recursive: true });
  await syncFolder(dirname(folder), files);
}
