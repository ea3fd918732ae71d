import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { usageError } from "../failures/command-error.ts";
import { inParallel } from "../transfer/in-parallel.ts";

/** A file here, and its path in the version. */
export type ModelSource = {
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
};

const hashedAtOnce = 4;

/** The files of a folder with their hashes, or one file. Links, and files whose names begin with a dot, are left out. */
export async function findModelFiles(root: string): Promise<ModelSource[]> {
  const paths = await filesIn(root);
  if (paths.length === 0) throw usageError(`${root} has no files`);
  return inParallel(paths, hashedAtOnce, async ({ path, file }) => ({
    path,
    file,
    sizeBytes: (await stat(file)).size,
    sha256: await hashOf(file),
  }));
}

async function filesIn(root: string): Promise<{ path: string; file: string }[]> {
  if (!(await stat(root)).isDirectory()) return [{ path: basename(root), file: root }];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join("/"), file }))
    .filter(({ path }) => !path.split("/").some((name) => name.startsWith(".")))
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
