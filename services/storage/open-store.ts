import type { Db } from "../lib/database/database.ts";
import { listBlobs } from "./blob-repository.ts";
import type { StorageConfig } from "./config.ts";
import { openLocalDisk } from "./objects/disk/local-disk.ts";
import { upgradeLayout } from "./objects/disk/upgrade-layout.ts";
import type { ObjectStore } from "./objects/object-store.ts";

/** Opens the store that the settings name: a bucket, or the local disk. */
export async function openStore(
  { storageDirectory, storageS3 }: Pick<StorageConfig, "storageDirectory" | "storageS3">,
  db: Db,
): Promise<ObjectStore> {
  if (!storageS3) return openDisk(storageDirectory, db);
  // The client takes time and memory, which a local disk need not.
  const { openS3Store } = await import("./objects/s3/open-s3-store.ts");
  return openS3Store(storageS3);
}

/** Opens the local disk, in the layout of this version. */
async function openDisk(directory: string, db: Db): Promise<ObjectStore> {
  await upgradeLayout(directory, () => listBlobs(db));
  return openLocalDisk(directory);
}
