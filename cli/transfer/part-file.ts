import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CommandError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { isId } from "../resolve/resolve-id.ts";
import { lockUntilDone } from "../session/lock.ts";

/** Content of a stored file. */
export type Content = { readonly fileId: string; readonly sha256: string };

/** Names of files have up to 255 bytes, four for a character. */
const nameCharactersMax = 40;

const sha256Text = /^[0-9a-f]{64}$/;

/** Keeps other commands from the part files of a file. */
export async function lockDownload(path: string, content: Content): Promise<AsyncDisposable> {
  const lock = await lockUntilDone(join(dirname(path), `${beginningOf(path, content)}lock`));
  if (lock) return lock;
  throw new CommandError(`another command downloads to ${path}`, {
    exitCode: exitCodes.conflict,
    advice: "repeat the command when it has ended",
  });
}

/** The hidden file in which bytes are collected until all are there: one for each content, so that those of two never mix. */
export const partOf = (path: string, content: Content): string =>
  join(dirname(path), `${beginningOf(path, content)}${content.sha256.slice(0, 16)}.part`);

/** Refuses what a server must not put into a path. */
function beginningOf(path: string, { fileId, sha256 }: Content): string {
  if (!isId(fileId) || !sha256Text.test(sha256))
    throw new CommandError("the server answered what is no id or hash of a file", {
      exitCode: exitCodes.failure,
    });
  return `.${[...basename(path)].slice(0, nameCharactersMax).join("")}.${fileId}.`;
}

/** Removes what was collected of other content of the file. Returns whether there was any. */
export async function removeOtherParts(path: string, content: Content): Promise<boolean> {
  const own = basename(partOf(path, content));
  const beginning = beginningOf(path, content);
  const names = await readdir(dirname(path));
  const others = names.filter((name) => name.startsWith(beginning) && name.endsWith(".part") && name !== own);
  for (const name of others) await rm(join(dirname(path), name), { force: true });
  return others.length > 0;
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

export async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
