import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedFolderIdFile } from "../../../lib/content/shared-folder.ts";
import { isFileError, succeedsUnless } from "./file-system.ts";

/** Returns the id of a folder, and creates it on first use. Two processes that read the same id share the folder. */
export async function folderIdOf(root: string): Promise<string> {
  const path = join(root, sharedFolderIdFile);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
  const temporary = join(root, "tmp", randomUUID());
  await writeFile(temporary, randomUUID(), { mode: 0o644 });
  // A link is atomic, and never replaces an id that another process has created since.
  await succeedsUnless("EEXIST", link(temporary, path));
  await rm(temporary);
  return readFile(path, "utf8");
}
