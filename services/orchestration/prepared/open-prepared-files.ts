import { mkdir, statfs } from "node:fs/promises";
import { openBlobFolder } from "../blobs/blob-folder.ts";
import { createPreparedFiles, type PreparedFiles, type PreparedFilesOptions } from "./prepared-files.ts";
import { openPreparedIndex } from "./prepared-index.ts";
import { findReadingVersion } from "./reading-version.ts";

export type OpenPreparedFilesOptions = Pick<PreparedFilesOptions, "engine" | "quarantine"> & {
  /** Belongs to this process alone. What an earlier one prepared is used again. */
  readonly directory: string;
  /** Undefined for what the disk has room for. */
  readonly bytesMax: number | undefined;
};

/** By default the files take so much, and no larger part of the disk than this. */
const bytesDefault = 10 * 1024 ** 3;
const diskPart = 1 / 4;

/** Opens the files that are prepared for their readers. */
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
  return Math.floor(blocks * bsize * diskPart);
}
