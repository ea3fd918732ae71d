import { chownSync } from "node:fs";

/** Start of a range that systems assign to no account. */
const firstId = 62_000;
const idCount = 2000;

let next = process.pid % idCount;

/** A user id for one process. Ids repeat after `idCount` processes. */
export function takeUserId(): number {
  next = (next + 1) % idCount;
  return firstId + next;
}

/** Changes the owner of a file or folder to a confined process's user. Does nothing without root: then there is no such user. */
export function giveToUser(path: string, userId: number): void {
  if (process.getuid?.() === 0) chownSync(path, userId, userId);
}
