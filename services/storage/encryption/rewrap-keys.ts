import type { Db } from "../../lib/database/database.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { unwrapKey, wrapKey } from "./key-ring.ts";
import type { MasterKeys } from "./master-keys.ts";
import { countByMaster, findAnyKey, lockOtherKeys, updateWrapped } from "./org-key-repository.ts";

/** Keys of one transaction. */
const batchMax = 100;

type Deps = { readonly db: Db; readonly masterKeys: MasterKeys; readonly log: Logger };

/**
 * Wraps every key of an organisation with the current master key. Several processes share the work, and each batch is a
 * transaction: after a stop or a crash, the next call continues. Objects are not read.
 */
export async function rewrapKeys({ db, masterKeys, log }: Deps, stop: AbortSignal): Promise<void> {
  if (masterKeys.previousKeyIds.length === 0) return;
  let total = 0;
  for (let count = batchMax; count > 0 && !stop.aborted; total += count) {
    count = await db.transaction(async (tx) => {
      const rows = await lockOtherKeys(tx, masterKeys.keyId, batchMax);
      for (const row of rows) {
        const { key } = unwrapKey(masterKeys, row);
        await updateWrapped(tx, { keyId: row.keyId, ...wrapKey(masterKeys, { ...row, key }) });
      }
      return rows.length;
    });
  }
  if (total > 0) log.info({ count: total }, "keys of organisations are wrapped with the current master key");
}

/** How many keys there are, and how many another master key than the current one wraps. */
export async function countKeys(
  db: Db,
  masterKeys: MasterKeys | undefined,
): Promise<{ total: number; pending: number }> {
  const counts = await countByMaster(db);
  const sum = (of: typeof counts) => of.reduce((total, { count }) => total + count, 0);
  return {
    total: sum(counts),
    pending: sum(counts.filter(({ masterKeyId }) => masterKeyId !== masterKeys?.keyId)),
  };
}

/** Throws if stored content needs a master key that is missing, wrong, or not what its row was written with. */
export async function refuseWrongMasterKeys(db: Db, masterKeys: MasterKeys | undefined): Promise<void> {
  const counts = await countByMaster(db);
  if (counts.length > 0 && !masterKeys) throw new Error(masterKeyMissing);
  const known = masterKeys ? [masterKeys.keyId, ...masterKeys.previousKeyIds] : [];
  const others = counts.filter(({ masterKeyId }) => !known.includes(masterKeyId));
  const count = others.reduce((total, one) => total + one.count, 0);
  if (count > 0) throw new Error(masterKeyWrong(count));
  for (const { masterKeyId } of counts) {
    const row = await findAnyKey(db, masterKeyId);
    if (row && masterKeys) unwrapKey(masterKeys, row);
  }
}

const masterKeyMissing =
  "storage_master_key is missing: stored content is encrypted with it. Nothing is lost: start storage with the key";

const masterKeyWrong = (count: number): string =>
  `storage_master_key is not the key that stored content is encrypted with: ${count} keys of organisations need another ` +
  "one. Nothing is lost: give that one as storage_master_key, or among storage_master_key_previous while it is replaced";
