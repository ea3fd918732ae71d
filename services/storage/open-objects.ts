import { type Db, openPool } from "../lib/database/database.ts";
import type { Logger } from "../lib/telemetry/log.ts";
import type { StorageConfig } from "./config.ts";
import { createKeyRing } from "./encryption/key-ring.ts";
import { createMasterKeys, type MasterKeys } from "./encryption/master-keys.ts";
import { refuseWrongMasterKeys } from "./encryption/rewrap-keys.ts";
import { openDiskCopy } from "./objects/disk/local-disk.ts";
import { createDecryptedCopy, createEncryptedStore } from "./objects/encrypted/encrypted-store.ts";
import type { OrgKeys } from "./objects/encrypted/org-keys.ts";
import type { ObjectStore } from "./objects/object-store.ts";
import type { SecondCopies } from "./scrub/repair-object.ts";
import { type DiskSpace, watchDiskSpace } from "./space/disk-space.ts";
import { guardSpace } from "./space/guard-space.ts";
import { addDiskSpace } from "./space/space-metrics.ts";

/** Keys are small and stay in memory: a few connections serve them. */
const keyConnectionsMax = 2;

/** The object store as the settings describe it. */
export type OpenObjects = AsyncDisposable & {
  /** Encrypts if there is a master key, and stores nothing while its disk is full. */
  readonly objects: ObjectStore;
  readonly masterKeys: MasterKeys | undefined;
  readonly space: DiskSpace | undefined;
  readonly copies: SecondCopies | undefined;
};

/** Opens the object store. Throws before anything is written if the master key is missing or wrong. */
export async function openObjects(
  config: StorageConfig,
  { db, log, openStore }: { db: Db; log: Logger; openStore: () => Promise<ObjectStore> },
): Promise<OpenObjects> {
  const { masterKey, previousMasterKeys, storageDirectory, reserveBytes, copyDirectory } = config;
  const masterKeys = masterKey === undefined ? undefined : createMasterKeys(masterKey, previousMasterKeys);
  await refuseWrongMasterKeys(db, masterKeys);
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openStore());
  // What other processes can read as files is on a disk.
  const space = store.lend && watchDiskSpace({ directory: storageDirectory, reserveBytes, log });
  if (space) stack.use(addDiskSpace(space));
  const guarded = space ? guardSpace(store, space) : store;
  const keys = masterKeys && openKeyRing(config, masterKeys, stack);
  const copy = copyDirectory === undefined ? undefined : stack.use(openDiskCopy(copyDirectory));
  const owned = stack.move();
  return {
    objects: keys ? createEncryptedStore(guarded, keys) : guarded,
    masterKeys,
    space,
    copies: copy && keys ? createDecryptedCopy(copy, keys) : copy,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openKeyRing(
  { databaseUrl }: StorageConfig,
  masterKeys: MasterKeys,
  stack: AsyncDisposableStack,
): OrgKeys {
  const pool = { url: databaseUrl, service: "storage", name: "keys", connectionsMax: keyConnectionsMax };
  return createKeyRing(stack.use(openPool(pool)).db, masterKeys);
}
