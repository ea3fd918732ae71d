import { chownSync } from "node:fs";

/** Ids that systems give to no account: of those that services get while they run. */
const firstId = 62_000;
const idCount = 2000;

let next = process.pid % idCount;

/** A user id for one process; another process has another one, as long as there are not too many. */
export function takeUserId(): number {
  next = (next + 1) % idCount;
  return firstId + next;
}

/** Gives a file or folder to a user of a confined process; only root can, and only then there is such a user. */
export function giveToUser(path: string, userId: number): void {
  if (process.getuid?.() === 0) chownSync(path, userId, userId);
}
