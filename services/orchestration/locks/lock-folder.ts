import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../lib/values/ids.ts";
import { holdLock, LockTakenError } from "./hold-lock.ts";

/**
 * Locks a folder for this process until disposed, because each process deletes old files in its folder when it starts. The
 * lock is held in the database under an id stored in the folder: it ends with its process, on whatever machine that runs.
 */
export async function lockFolder(url: string, directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    return await holdLock(url, `sluice orchestration folder ${await idOf(directory)}`);
  } catch (error) {
    if (error instanceof LockTakenError) throw new Error(`${directory} belongs to another process that runs`);
    throw error;
  }
}

/** Reads the folder's id. Creates one if there is none. */
async function idOf(directory: string): Promise<string> {
  const path = join(directory, "id");
  const draft = `${path}.${newId()}`;
  await writeFile(draft, newId(), { mode: 0o600 });
  // A link is atomic: of two processes one creates the id, and the other reads it whole.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(draft);
  return readFile(path, "utf8");
}
