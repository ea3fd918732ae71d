import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sharedFolderIdFile } from "../../lib/content/shared-folder.ts";
import { doneUnless, isFileError } from "./file-system.ts";

/** The id of a folder of files, made when it has none. Who reads the same id there sees the same folder. */
export async function keptFolderId(root: string): Promise<string> {
  const path = join(root, sharedFolderIdFile);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isFileError(error, "ENOENT")) throw error;
  }
  const temporary = join(root, "tmp", randomUUID());
  await writeFile(temporary, randomUUID(), { mode: 0o644 });
  // A link appears whole or not at all, and never over the id that another process has made meanwhile.
  await doneUnless("EEXIST", link(temporary, path));
  await rm(temporary);
  return readFile(path, "utf8");
}
