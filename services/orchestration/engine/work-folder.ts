import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { chmod, constants, copyFile, link, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { giveToUser } from "../confinement/user-ids.ts";

/**
 * Names in a process's own folder, as its program sees them: the folder is its working directory, and the folders above
 * may be closed to its user.
 */
export const inputName = "sluice_input";
export const outputName = "sluice_output";
export const spillName = "sluice_spill";
/** A text that was unpacked or decoded, and one that was rewritten. */
export const plainName = "sluice_plain";
export const normalName = "sluice_normal";

/** A folder that belongs to one engine process. */
export type WorkFolder = {
  readonly path: string;
  /** Puts the files of a task there. */
  lend(files: { input: string; output: string | undefined }): Promise<void>;
  /** Removes what a task leaves there; answers whether that worked: a hostile process may leave anything. */
  empty(): Promise<boolean>;
  /** Removes the folder; answers whether that worked. */
  remove(): Promise<boolean>;
};

/** Nobody writes, its owner included: other tasks read the same file. */
const everybodyReads = 0o444;
const everybodyWrites = 0o666;

export function createWorkFolder(path: string, userId: number): WorkFolder {
  mkdirSync(path, { mode: 0o700 });
  giveToUser(path, userId);
  const names = [inputName, outputName].map((name) => join(path, name));
  const [inputPath = "", outputPath = ""] = names;
  return {
    path,
    async lend({ input, output }) {
      await place(input, inputPath, everybodyReads);
      if (output !== undefined) await place(output, outputPath, everybodyWrites);
    },
    async empty() {
      const removed = await Promise.all(
        [...names, ...[spillName, plainName, normalName].map((name) => join(path, name))].map(removeFolder),
      );
      return removed.every((isRemoved) => isRemoved);
    },
    remove: () => removeFolder(path),
  };
}

/** Only the process's user gets to the folder, so the mode may let everybody read what lies there. */
async function place(from: string, to: string, mode: number): Promise<void> {
  // A pipe has another end, which somebody has still to open.
  const isPipe = (await stat(from)).isFIFO();
  await chmod(from, isPipe ? everybodyWrites : mode);
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    return copyFile(from, to, constants.COPYFILE_FICLONE);
  });
}

/** Removes a file or folder, however deep it is: paths that are too long for the system are not for `rm`. */
export async function removeFolder(path: string): Promise<boolean> {
  try {
    await rm(path, { recursive: true, force: true });
    return true;
  } catch {
    return promisify(execFile)("rm", ["-rf", "--", path]).then(
      () => true,
      () => false,
    );
  }
}
