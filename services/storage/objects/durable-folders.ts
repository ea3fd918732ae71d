import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./file-system.ts";

export type DurableFolders = {
  /** Makes a folder below the root, and those on the way to it, so that they outlive a loss of power. */
  make(folder: string): Promise<void>;
};

/**
 * Folders below a root that is there. Each is synced once per process even if it exists, because another process that
 * made it may have died before it did so.
 */
export function createDurableFolders(root: string): DurableFolders {
  const made = new Map<string, Promise<void>>([[root, Promise.resolve()]]);
  const make = (folder: string): Promise<void> => {
    const known = made.get(folder);
    if (known) return known;
    const making = makeOne(folder, make(dirname(folder)));
    made.set(folder, making);
    making.catch(() => made.delete(folder));
    return making;
  };
  return { make };
}

async function makeOne(folder: string, parent: Promise<void>): Promise<void> {
  await parent;
  await mkdir(folder, { mode: 0o700, recursive: true });
  await syncFolder(dirname(folder));
}
