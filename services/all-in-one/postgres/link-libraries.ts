import { readFile, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isErrorCode } from "./is-error-code.ts";

type Link = { source: string; target: string };

/**
 * Creates the symbolic links of the package's shared libraries. The package's install script would do it, but npm
 * doesn't run it. False if the folder is read-only.
 */
export async function linkLibraries(native: string): Promise<boolean> {
  const links: Link[] = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"));
  try {
    for (const { source, target } of links) {
      const link = join(native, relative("native", target));
      const file = join(relative(dirname(target), dirname(source)), basename(source));
      // An existing link is right, perhaps just created by another process.
      await symlink(file, link).catch((error) => {
        if (!isErrorCode(error, "EEXIST")) throw error;
      });
    }
    return true;
  } catch (error) {
    if (isErrorCode(error, "EACCES", "EPERM", "EROFS")) return false;
    throw error;
  }
}
