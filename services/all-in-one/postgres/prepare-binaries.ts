import { chmod, cp, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Account, canEnter } from "./account.ts";
import { findPackage } from "./find-package.ts";
import { isErrorCode } from "./is-error-code.ts";
import { linkLibraries } from "./link-libraries.ts";
import { openSharedDirectory } from "./open-shared-directory.ts";

/** Folder of initdb, pg_ctl and postgres where the server's account can run them. */
export async function prepareBinaries(account: Account, copyInto: string): Promise<string> {
  const installed = findPackage();
  const native = join(installed, "native");
  const linked = await linkLibraries(native);
  if (linked && (await isRunnable(native, account))) return join(native, "bin");
  if (account) await openSharedDirectory(copyInto, native, account);
  const { name, version } = JSON.parse(await readFile(join(installed, "package.json"), "utf8"));
  const copy = join(copyInto, `postgres-${name.split("/")[1]}-${version}`);
  await copyOnce(native, copy);
  return join(copy, "bin");
}

async function isRunnable(native: string, account: Account): Promise<boolean> {
  const open = ["bin", "lib", "share"].map((folder) => canEnter(account, join(native, folder)));
  return (await Promise.all(open)).every(Boolean);
}

async function copyOnce(native: string, copy: string): Promise<void> {
  if (await stat(copy).catch(() => undefined)) return;
  // Renamed into place when complete, so that an existing copy is a complete one.
  const draft = await mkdtemp(`${copy}-draft-`);
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(draft);
    await letAllRead(draft);
    await rename(draft, copy);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!isErrorCode(error, "ENOTEMPTY", "EEXIST")) throw error;
  }
}

/** The original may be private because of the umask at npm install. */
async function letAllRead(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runs = entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0;
    await chmod(path, runs ? 0o755 : 0o644);
  }
}
