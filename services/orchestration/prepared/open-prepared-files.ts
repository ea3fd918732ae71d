import { mkdir, statfs } from "node:fs/promises";
import { openBlobFolder } from "../blobs/blob-folder.ts";
import { createPreparedFiles, type PreparedFiles, type PreparedFilesOptions } from "./prepared-files.ts";
import { openPreparedIndex } from "./prepared-index.ts";
import { findReadingVersion } from "./reading-version.ts";

export type OpenPreparedFilesOptions = Pick<PreparedFilesOptions, "engine" | "quarantine"> & {
  /** Used by this process only. Files that an earlier process prepared are reused. */
  readonly directory: string;
  /** Undefined: derived from the size of the disk. */
  readonly bytesMax: number | undefined;
};

/** Default capacity: 10 GiB, but at most this fraction of the disk. */
const bytesDefault = 10 * 1024 ** 3;
const diskFraction = 1 / 4;

/** Opens the cache of prepared files. */
export async function openPreparedFiles({
  directory,
  bytesMax: wanted,
  engine,
  quarantine,
}: OpenPreparedFilesOptions): Promise<PreparedFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const bytesMax = wanted ?? Math.min(bytesDefault, await diskBytes(directory));
  return createPreparedFiles({
    engine,
    quarantine,
    folder: await openBlobFolder(directory, bytesMax),
    bytesMax,
    index: await openPreparedIndex(directory),
    readingVersion: await findReadingVersion(),
  });
}

async function diskBytes(directory: string): Promise<number> {
  const { blocks, bsize } = await statfs(directory);
  return Math.floor(blocks * bsize * diskFraction);
}
