import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { chmod, constants, copyFile, link, lstat, readdir, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { giveToUser } from "../../confinement/user-ids.ts";
import { inputName, inputNameOf, outputName } from "../work-file-names.ts";

/** The work folder of one engine process. */
export type WorkFolder = {
  readonly path: string;
  /** Links the files of a task into the folder. An empty `input` stands for none. */
  linkFiles(files: {
    input: string;
    inputs?: readonly string[] | undefined;
    output: string | undefined;
  }): Promise<void>;
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
    async linkFiles({ input, inputs = [], output }) {
      if (input !== "") await linkFile(input, inputPath, readOnlyMode);
      for (const [index, one] of inputs.entries())
        await linkFile(one, join(path, inputNameOf(index)), readOnlyMode);
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

/** Times that a file is replaced while it is linked. */
const replacementsMax = 10;

/** The mode may be open to all, because only the user of the process can enter the folder. */
async function linkFile(from: string, to: string, mode: number): Promise<void> {
  for (let replacements = 0; replacements < replacementsMax; replacements += 1) {
    // A named pipe stays writable: its other end has yet to be opened.
    const found = await stat(from);
    const wanted = found.isFIFO() ? writableMode : mode;
    if (modeOf(found) !== wanted) await chmod(from, wanted);
    if (!(await linkOrCopy(from, to))) continue;
    // A cache may have put another file in its place meanwhile, with the same bytes and a mode of its own.
    if (modeOf(await lstat(to)) === wanted) return;
    await unlink(to);
  }
  throw new Error("a file is replaced again and again while it is linked");
}

const modeOf = ({ mode }: { readonly mode: number }): number => mode & 0o777;

/** Returns whether it worked: a file that is replaced at this moment has no name to link any more. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code !== "EXDEV") throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
  return true;
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
