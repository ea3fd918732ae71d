import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../failures/command-error.ts";

/** Longer than the call that a holder of the lock makes. */
const waitMs = 20_000;

/**
 * Takes the folder's lock, and waits while another process has it. The lock is one of the operating system on a file, so it ends with its
 * process, even with one that is killed. SQLite takes it: Node has no call for it.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = join(folder, "lock");
  const lock = await lockFile(path, waitMs);
  if (lock) return lock;
  throw new CommandError(`${path} is locked by another command`, {
    advice: "repeat the command when it has ended",
  });
}

/** Times that the file of a lock is made again because another process removed it. */
const removalsMax = 10;

/** Takes a lock whose file is removed with it; undefined if another process has it. */
export async function lockUntilDone(path: string): Promise<AsyncDisposable | undefined> {
  for (let removals = 0; removals < removalsMax; removals += 1) {
    await createFile(path);
    // No handle may be kept open: closing it would give the lock back, too.
    const before = await inodeOf(path);
    const lock = await lockFile(path, 0);
    if (!lock) return undefined;
    // The previous holder may have removed the file after it was opened: then a third process could lock the next one.
    if (before !== undefined && before === (await inodeOf(path))) return removing(path, lock);
    lock[Symbol.dispose]();
  }
  return undefined;
}

const inodeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );

/** SQLite would create it readable for others. */
const createFile = async (path: string): Promise<void> => (await open(path, "a", 0o600)).close();

const removing = (path: string, lock: Disposable): AsyncDisposable => ({
  async [Symbol.asyncDispose]() {
    await rm(path, { force: true });
    lock[Symbol.dispose]();
  },
});

/** Takes the lock on a file, which it makes if it does not exist; undefined if another process keeps it for longer than `timeoutMs`. */
async function lockFile(path: string, timeoutMs: number): Promise<Disposable | undefined> {
  await createFile(path);
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: timeoutMs });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch {
    database.close();
    return undefined;
  }
  return { [Symbol.dispose]: () => database.close() };
}
