import { readFile, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { isErrorCode } from "./is-error-code.ts";

type Link = { source: string; target: string };

/**
 * The package carries its library links as a list that its install script would turn into links; npm no longer runs
 * that script. False: nobody may write there.
 */
export async function linkLibraries(native: string): Promise<boolean> {
  const links: Link[] = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8"));
  try {
    for (const { source, target } of links) {
      const link = join(native, relative("native", target));
      const file = join(relative(dirname(target), dirname(source)), basename(source));
      // A link that is there already, perhaps since a moment ago by another process, is the wanted one.
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
