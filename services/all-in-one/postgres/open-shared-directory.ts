import { chmod, mkdir } from "node:fs/promises";
import { type Account, canEnter } from "./account.ts";

/** Creates the replacement of a folder that only root may enter. */
export async function openSharedDirectory(
  directory: string,
  closed: string,
  account: Account,
): Promise<void> {
  try {
    const created = await mkdir(directory, { recursive: true, mode: 0o755 });
    // Root's umask may have restricted the mode.
    if (created) await chmod(directory, 0o755);
    if (!(await canEnter(account, directory))) throw new Error(`user id ${account?.uid} cannot enter it`);
  } catch (cause) {
    throw new Error(
      `only root may enter ${closed}, PostgreSQL refuses to run as root, and ${directory} cannot stand in: ` +
        `${(cause as Error).message}; start Sluice as an ordinary user, or move it out of root's own folders`,
      { cause },
    );
  }
}
