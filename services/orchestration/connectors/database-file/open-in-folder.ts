import { constants, type FileHandle, open, readlink, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { sourcePathRefused } from "../../errors.ts";

/** Folders of the server that sources may name, by their names. */
export type SourceFolders = ReadonlyMap<string, string>;

export type FileInFolder = AsyncDisposable & {
  readonly handle: FileHandle;
  /** Real path of the file. */
  readonly path: string;
};

/**
 * Opens a file below an allowed folder. No symbolic link on the way is followed. A file that is missing, lies elsewhere or may
 * not be read is refused in the same words, so that nobody can find out what is outside of the folder.
 * FailedPrecondition (SOURCE_PATH_REFUSED).
 */
export async function openInFolder(
  folders: SourceFolders,
  folder: string,
  path: string,
): Promise<FileInFolder> {
  const root = folders.get(folder);
  if (root === undefined) throw sourcePathRefused(folder, path);
  const full = join(await realpath(root).catch(() => root), path);
  await using stack = new AsyncDisposableStack();
  try {
    // A named pipe would block without O_NONBLOCK.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = stack.use(await open(full, flags));
    const opened = await handle.stat({ bigint: true });
    // Folders on the way can be links, and can be replaced while they are checked: then it is another file.
    if ((await realpath(full)) !== full) throw sourcePathRefused(folder, path);
    // Linux knows the path of what is open. Elsewhere a folder could be swapped between these two calls.
    if (process.platform === "linux" && (await readlink(`/proc/self/fd/${handle.fd}`)) !== full) {
      throw sourcePathRefused(folder, path);
    }
    const found = await stat(full, { bigint: true });
    if (!opened.isFile() || found.dev !== opened.dev || found.ino !== opened.ino) {
      throw sourcePathRefused(folder, path);
    }
    const owned = stack.move();
    return { handle, path: full, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    throw Object.assign(sourcePathRefused(folder, path), { cause: error });
  }
}

/** As `openInFolder`; undefined if there is no file of this path. */
export async function openIfThere(
  folders: SourceFolders,
  folder: string,
  path: string,
): Promise<FileInFolder | undefined> {
  try {
    return await openInFolder(folders, folder, path);
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code === "ENOENT") return undefined;
    throw error;
  }
}
