import { open } from "node:fs/promises";
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

/** Takes the lock on a file, which it makes if it does not exist; undefined if another process keeps it for longer than `timeoutMs`. */
export async function lockFile(path: string, timeoutMs: number): Promise<Disposable | undefined> {
  // SQLite would create it readable for others.
  await (await open(path, "a", 0o600)).close();
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
