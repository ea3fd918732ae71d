import { link, mkdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ObjectKey } from "../object-store.ts";
import { createDurableFolders, type DurableFolders } from "./durable-folders.ts";
import { namesIn, succeedsUnless, syncFolder } from "./file-system.ts";
import { listHashes } from "./list-keys.ts";
import { hashPath, objectPath } from "./paths.ts";

/** Organisation of content that no file used. It is collected there. */
const nilOrgId = "00000000-0000-0000-0000-000000000000";

/** Folder of the objects in version 0.1.0: `sha256/ab/cd/<hash>`, one for all organisations. */
const sharedFolder = "sha256";

type Folder = { readonly root: string; readonly folders: DurableFolders };

/**
 * Gives each organisation its own name for the objects that version 0.1.0 stored once for all. `listStored` lists the
 * objects that the database has. Every new name is durable before the old one goes, and a name that is there already is
 * kept: a process that dies here, or a second one beside it, loses nothing, and the next start goes on.
 */
export async function upgradeLayout(
  directory: string,
  listStored: () => AsyncIterable<ObjectKey[]>,
): Promise<void> {
  const root = resolve(directory);
  await restoreShared(root);
  if ((await namesIn(join(root, sharedFolder))).length === 0) return;
  const folder = { root, folders: createDurableFolders(root) };
  for await (const keys of listStored()) await nameAll(folder, keys);
  for await (const sha256s of listHashes(join(root, sharedFolder))) await removeShared(folder, sha256s);
  await removeEmptyFolders(join(root, sharedFolder));
}

/** Restores what version 0.1.0 was deleting when it ended: `aside/<hash>.<id>`. */
async function restoreShared(root: string): Promise<void> {
  for (const name of await namesIn(join(root, "aside"))) {
    const [sha256 = "", ...rest] = name.split(".");
    if (rest.length !== 1) continue;
    const shared = hashPath(join(root, sharedFolder), sha256);
    await mkdir(dirname(shared), { recursive: true, mode: 0o700 });
    await succeedsUnless("ENOENT", rename(join(root, "aside", name), shared));
  }
}

/** Links objects to their new names. Objects that are not in the old folder are skipped. */
async function nameAll({ root, folders }: Folder, keys: readonly ObjectKey[]): Promise<void> {
  const changed = new Set<string>();
  for (const key of keys) {
    const shared = hashPath(join(root, sharedFolder), key.sha256);
    if (!(await succeedsUnless("ENOENT", stat(shared)))) continue;
    const own = objectPath(root, key);
    await folders.make(dirname(own));
    await succeedsUnless("ENOENT", succeedsUnless("EEXIST", link(shared, own)));
    changed.add(dirname(own));
  }
  for (const path of changed) await syncFolder(path);
}

/** Removes old names. One that is the only name of its object goes to no organisation. */
async function removeShared(folder: Folder, sha256s: readonly string[]): Promise<void> {
  const shared = (sha256: string) => hashPath(join(folder.root, sharedFolder), sha256);
  const unknown: ObjectKey[] = [];
  for (const sha256 of sha256s) {
    const stats = await stat(shared(sha256)).catch(() => undefined);
    if (stats?.nlink === 1) unknown.push({ orgId: nilOrgId, sha256 });
  }
  await nameAll(folder, unknown);
  for (const sha256 of sha256s) await rm(shared(sha256), { force: true });
}

/** Folders with other files stay. */
async function removeEmptyFolders(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) await removeEmptyFolders(join(folder, name));
  await rmdir(folder).catch(() => {});
}
