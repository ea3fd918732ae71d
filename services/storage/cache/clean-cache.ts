import type { Db } from "../../lib/database/database.ts";
import * as repository from "./cache-repository.ts";

/**
 * Deletes expired entries, and evicts the largest organisations' entries while all together take more than `limitBytes`.
 * One process at a time does it.
 */
export async function cleanCache(db: Db, limitBytes: number): Promise<void> {
  await db.transaction(async (lock) => {
    if (!(await repository.lockCleanUp(lock))) return;
    for (const orgId of await repository.listOrgsWithExpired(db)) await deleteExpired(db, orgId);
    await repository.deleteExpiredLeases(db);
    const usages = await repository.listUsages(db);
    const shareBytes = fairShare(
      usages.map(({ usedBytes }) => usedBytes),
      limitBytes,
    );
    for (const { orgId, usedBytes } of usages) {
      if (usedBytes <= shareBytes) break;
      await repository.deleteEntries(db, orgId, (tx) => repository.evict(tx, orgId, usedBytes - shareBytes));
    }
  });
}

async function deleteExpired(db: Db, orgId: string): Promise<void> {
  while ((await repository.deleteEntries(db, orgId, (tx) => repository.deleteExpired(tx, orgId))) > 0);
}

/**
 * The largest share that every one may have so that all together take at most `limit`: those that take less keep what they
 * have. Infinity if all fit.
 */
function fairShare(sizes: readonly number[], limit: number): number {
  let left = limit;
  const rising = sizes.toSorted((a, b) => a - b);
  for (const [at, size] of rising.entries()) {
    const share = Math.floor(left / (rising.length - at));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}
