import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, withSecrets } from "../../lib/settings/env.ts";
import { openLocalDisk } from "../objects/disk/local-disk.ts";
import { openS3Store } from "../objects/s3/open-s3-store.ts";
import { type MoveProgress, moveObjects } from "./move-objects.ts";
import { parseMoveArguments, parseMoveSettings } from "./settings.ts";

/** Time between two lines about the progress, in milliseconds. */
const reportMs = 5000;

/** Copies all objects between storage's folder and its bucket. Exit codes: 0 all are there, 1 not all, 2 wrong settings. */
async function main(): Promise<number> {
  const { isToS3, isChecked } = parseMoveArguments(process.argv.slice(2));
  const { directory, s3 } = parseMoveSettings(withSecrets(process.env, ["storage_s3_credentials"]));
  await refuseOldLayout(directory);
  await using disk = await openLocalDisk(directory);
  await using bucket = await openS3Store(s3);
  const [from, to] = isToS3 ? [disk, bucket] : [bucket, disk];
  let reportedMs = performance.now();
  const progress = await moveObjects({
    from,
    to,
    isChecked,
    onProgress(soFar) {
      if (performance.now() - reportedMs < reportMs) return;
      reportedMs = performance.now();
      console.log(textOf(soFar));
    },
  });
  for (const problem of progress.problems) console.error(problem);
  console.log(textOf(progress));
  return progress.problems.length === 0 ? 0 : 1;
}

const textOf = ({ copiedCount, copiedBytes, keptCount, problems }: MoveProgress): string =>
  `${copiedCount} objects copied (${copiedBytes} bytes), ${keptCount} were there, ${problems.length} failed`;

/** The database knows which organisation the objects of version 0.1.0 belong to. */
async function refuseOldLayout(directory: string): Promise<void> {
  const names = await readdir(join(directory, "sha256")).catch(() => []);
  if (names.length > 0) throw new Error(`${directory}: start storage once, which upgrades the folder`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
