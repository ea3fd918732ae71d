import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { chmod, constants, copyFile, link, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { giveToUser } from "../../confinement/user-ids.ts";
import { inputName, outputName } from "../work-file-names.ts";

/** The work folder of one engine process. */
export type WorkFolder = {
  readonly path: string;
  /** Links the files of a task into the folder. */
  linkFiles(files: { input: string; output: string | undefined }): Promise<void>;
  /** Removes everything in the folder; returns whether that worked, since a hostile process may leave anything. */
  empty(): Promise<boolean>;
  /** Removes the folder; returns whether that worked. */
  remove(): Promise<boolean>;
};

/** Read-only for the owner too: other tasks read the same file. */
const readOnlyMode = 0o444;
const writableMode = 0o666;

export function createWorkFolder(path: string, userId: number): WorkFolder {
  mkdirSync(path, { mode: 0o700 });
  giveToUser(path, userId);
  const inputPath = join(path, inputName);
  const outputPath = join(path, outputName);
  return {
    path,
    async linkFiles({ input, output }) {
      await linkFile(input, inputPath, readOnlyMode);
      if (output !== undefined) await linkFile(output, outputPath, writableMode);
    },
    async empty() {
      const left = await readdir(path).catch(() => undefined);
      if (!left) return false;
      const results = await Promise.all(left.map((name) => removeEntry(join(path, name))));
      return results.every((isRemoved) => isRemoved);
    },
    remove: () => removeFolder(path),
  };
}

/** The mode may be open to all, because only the user of the process can enter the folder. */
async function linkFile(from: string, to: string, mode: number): Promise<void> {
  // A named pipe stays writable: its other end has yet to be opened.
  const found = await stat(from);
  const wanted = found.isFIFO() ? writableMode : mode;
  if ((found.mode & 0o777) !== wanted) await chmod(from, wanted);
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    return copyFile(from, to, constants.COPYFILE_FICLONE);
  });
}

/** Usually there is one file. */
const removeEntry = (path: string): Promise<boolean> =>
  unlink(path).then(
    () => true,
    () => removeFolder(path),
  );

/** Removes a file or folder of any depth. `rm` of Node fails on paths that are too long for a system call. */
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
