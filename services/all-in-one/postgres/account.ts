import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Account that the server runs as; undefined means the current one. */
export type Account = { uid: number; gid: number } | undefined;

const PREFERRED = ["postgres", "nobody"];

/** PostgreSQL refuses to run as root, so root starts it as an existing unprivileged account. */
export async function chooseAccount(clusterData: string): Promise<Account> {
  const self = process.geteuid?.();
  // The server must own its files; a folder first used without root belongs to that user.
  const owner = await stat(clusterData).catch(() => undefined);
  if (owner && owner.uid !== self && self !== 0) {
    throw new Error(
      `the database ${clusterData} belongs to user id ${owner.uid}: start Sluice as that user or as root, ` +
        "or choose another data folder",
    );
  }
  if (self !== 0) return undefined;
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return findAccount();
}

async function findAccount(): Promise<Account> {
  const rows = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of PREFERRED) {
    const row = rows.find(([rowName]) => rowName === name);
    if (row) return { uid: Number(row[2]), gid: Number(row[3]) };
  }
  throw new Error(
    `PostgreSQL refuses to run as root and this machine has none of the accounts ${PREFERRED.join(", ")}: ` +
      "start Sluice as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own",
  );
}

/** Whether the account may search every folder from the root down to this one. */
export async function canEnter(account: Account, directory: string): Promise<boolean> {
  if (!account) return true;
  for (let folder = await realpath(directory); ; folder = dirname(folder)) {
    const { uid, gid, mode } = await stat(folder);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    if (((mode >> shift) & 1) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
