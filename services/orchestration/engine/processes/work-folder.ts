import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { chmod, constants, copyFile, link, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { giveToUser } from "../../confinement/user-ids.ts";

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
/** A Parquet file before it leaves through the pipe. */
export const preparedName = "sluice_prepared";

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
  const inputPath = join(path, inputName);
  const outputPath = join(path, outputName);
  return {
    path,
    async lend({ input, output }) {
      await place(input, inputPath, everybodyReads);
      if (output !== undefined) await place(output, outputPath, everybodyWrites);
    },
    async empty() {
      const left = await readdir(path).catch(() => undefined);
      if (!left) return false;
      const removed = await Promise.all(left.map((name) => removeEntry(join(path, name))));
      return removed.every((isRemoved) => isRemoved);
    },
    remove: () => removeFolder(path),
  };
}

/** Only the process's user gets to the folder, so the mode may let everybody read what lies there. */
async function place(from: string, to: string, mode: number): Promise<void> {
  // A pipe has another end, which somebody has still to open.
  const found = await stat(from);
  const wanted = found.isFIFO() ? everybodyWrites : mode;
  if ((found.mode & 0o777) !== wanted) await chmod(from, wanted);
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    return copyFile(from, to, constants.COPYFILE_FICLONE);
  });
}

/** Most often there is one file. */
const removeEntry = (path: string): Promise<boolean> =>
  unlink(path).then(
    () => true,
    () => removeFolder(path),
  );

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
