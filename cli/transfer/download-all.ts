import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Call } from "../command/call.ts";
import { usageError } from "../failures/command-error.ts";
import { showBytes } from "./byte-progress.ts";
import { download } from "./download.ts";
import { safeFileName } from "./file-name.ts";
import { inParallel } from "./in-parallel.ts";
import type { Stored } from "./read-from.ts";

type Options = {
  readonly output: string | undefined;
  readonly force: boolean;
  /** Files at the same time. */
  readonly limit: number;
  readonly retriesMax: number;
};

/** Downloads files into a folder, or one to a path. */
export async function downloadAll(
  call: Call,
  files: readonly Stored[],
  { output, force, limit, retriesMax }: Options,
): Promise<void> {
  const isFolder = output === undefined || (await isDirectory(output));
  if (!isFolder && files.length > 1) throw usageError(`${output} is not a folder`, "create it first");
  const pathOf = ({ name, fileId }: Stored) =>
    isFolder ? join(output ?? ".", safeFileName(name, fileId)) : output;
  const paths = files.map(pathOf);
  if (new Set(paths).size < paths.length)
    throw usageError("two of the files have the same name", "get one at a time");
  const wholeBytes = files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
  using progress = showBytes(call, `Downloading ${labelOf(files)}`, wholeBytes);
  await inParallel([...files.entries()], limit, ([at, file]) =>
    download(call, file, paths[at] ?? "", { force, retriesMax, report: progress }),
  );
  progress[Symbol.dispose]();
  for (const path of paths) call.terminal.note(`${path} is complete and verified.`);
}

/** What is transferred, for people. */
export const labelOf = (files: readonly { name: string }[]): string =>
  files.length === 1 ? (files[0]?.name ?? "") : `${files.length} files`;

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
