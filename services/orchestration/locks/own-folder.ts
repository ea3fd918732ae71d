import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/values/ids.ts";
import { holdLock, LockTakenError } from "./hold-lock.ts";

/**
 * Makes a folder this process's own until disposed: two would empty each other's. The lock is in the database, under an
 * id that lies in the folder, because it has to end with its process, on whichever machine that runs.
 */
export async function ownFolder(url: string, directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    return await holdLock(url, `sluice orchestration folder ${await idOf(directory)}`);
  } catch (error) {
    if (error instanceof LockTakenError) throw new Error(`${directory} belongs to another process that runs`);
    throw error;
  }
}

/** The folder's id, made when there is none. */
async function idOf(directory: string): Promise<string> {
  const path = join(directory, "id");
  const draft = `${path}.${newId()}`;
  await writeFile(draft, newId(), { mode: 0o600 });
  // Whoever comes second finds the id there, and never half of it.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(draft);
  return readFile(path, "utf8");
}
