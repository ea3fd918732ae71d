import { mkdirSync } from "node:fs";
import { chmod, constants, copyFile, link, rm } from "node:fs/promises";
import { join } from "node:path";
import { giveToUser } from "../confinement/user-ids.ts";

/**
 * Names in a process's own folder, as its program sees them: the folder is its working directory, and the folders above
 * may be closed to its user.
 */
export const inputName = "sluice_input";
export const outputName = "sluice_output";
export const spillName = "sluice_spill";

/** A folder that belongs to one engine process. */
export type WorkFolder = AsyncDisposable & {
  readonly path: string;
  /** Puts the files of a task there until the answer is disposed. */
  lend(files: { input: string; output: string | undefined }): Promise<AsyncDisposable>;
};

/** Nobody writes, its owner included: other tasks read the same file. */
const everybodyReads = 0o444;
const everybodyWrites = 0o666;

export function createWorkFolder(path: string, userId: number): WorkFolder {
  mkdirSync(path, { mode: 0o700 });
  giveToUser(path, userId);
  const names = [inputName, outputName].map((name) => join(path, name));
  const [inputPath = "", outputPath = ""] = names;
  const empty = async () => {
    await Promise.all(
      [...names, join(path, spillName)].map((name) => rm(name, { recursive: true, force: true })),
    );
  };
  return {
    path,
    async lend({ input, output }) {
      await place(input, inputPath, everybodyReads);
      if (output !== undefined) await place(output, outputPath, everybodyWrites);
      return { [Symbol.asyncDispose]: empty };
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

/** Only the process's user gets to the folder, so the mode may let everybody read what lies there. */
async function place(from: string, to: string, mode: number): Promise<void> {
  await chmod(from, mode);
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    return copyFile(from, to, constants.COPYFILE_FICLONE);
  });
}
