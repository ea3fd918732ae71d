import { and, asc, eq, ne, not, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../lib/database/database.ts";
import { type OwnerOrgId, within } from "../../lib/database/scope.ts";
import { byCodePoints } from "../../lib/list/list-index.ts";
import { cacheEntries, cacheLeases, cacheUsage } from "./cache-schema.ts";
import type { CacheEntry, CacheKey, CacheNamespace, CacheUsage } from "./cache-store.ts";

/** Entries per statement of an eviction. */
const evictedMax = 200;
/** Expired entries per transaction. */
const expiredMax = 1000;

type Owned = typeof cacheEntries | typeof cacheLeases;
const inNamespace = ({ orgId, namespace }: CacheNamespace, table: Owned) =>
  within({ orgId, namespaces: [namespace] }, table);
const one = (key: CacheKey, table: Owned) => and(inNamespace(key, table), eq(table.key, key.key));
const ofOrg = (orgId: string) => within({ orgId, namespaces: "all" }, cacheEntries);
const columnsOf = ({ orgId, namespace, key }: CacheKey) => ({ orgId: orgId as OwnerOrgId, namespace, key });
const after = (ms: number): SQL => sql`clock_timestamp() + ${ms} * interval '1 millisecond'`;
const isLive = (table: Owned): SQL => sql`${table.expireTime} > clock_timestamp()`;

const { value, etag, expireTime, sizeBytes } = cacheEntries;

export async function findEntry(
  db: Db,
  key: CacheKey,
): Promise<(CacheEntry & { isUnused: boolean }) | undefined> {
  const isUnused = sql<boolean>`${cacheEntries.useTime} < now() - interval '1 minute'`;
  const [row] = await db
    .select({ value, etag, expireTime, isUnused })
    .from(cacheEntries)
    .where(and(one(key, cacheEntries), isLive(cacheEntries)));
  return row;
}

export async function touchEntry(db: Db, key: CacheKey): Promise<void> {
  await db.update(cacheEntries).set({ useTime: sql`now()` }).where(one(key, cacheEntries));
}

/** The usage of an organisation, locked until the transaction ends. */
export async function lockUsage(tx: Db, orgId: string): Promise<CacheUsage> {
  await tx.insert(cacheUsage).values({ orgId }).onConflictDoNothing();
  const [row] = await tx.select().from(cacheUsage).where(eq(cacheUsage.orgId, orgId)).for("update");
  if (!row) throw new Error("the usage that was inserted is not there");
  return row;
}

export async function findUsage(db: Db, orgId: string): Promise<CacheUsage> {
  const [row] = await db.select().from(cacheUsage).where(eq(cacheUsage.orgId, orgId));
  return row ?? { usedBytes: 0, entryCount: 0 };
}

export async function addUsage(tx: Db, orgId: string, { usedBytes, entryCount }: CacheUsage): Promise<void> {
  await tx
    .update(cacheUsage)
    .set({
      usedBytes: sql`${cacheUsage.usedBytes} + ${usedBytes}`,
      entryCount: sql`${cacheUsage.entryCount} + ${entryCount}`,
    })
    .where(eq(cacheUsage.orgId, orgId));
}

/** Runs a deletion under the lock of the organisation's usage. Returns the number of entries that it deleted. */
export function deleteEntries(
  db: Db,
  orgId: string,
  deletion: (tx: Db) => Promise<CacheUsage>,
): Promise<number> {
  return db.transaction(async (tx) => {
    await lockUsage(tx, orgId);
    const deleted = await deletion(tx);
    await addUsage(tx, orgId, negative(deleted));
    return deleted.entryCount;
  });
}

/** An entry with its size, also an expired one. The caller holds the organisation's usage. */
export async function findStored(tx: Db, key: CacheKey) {
  const [row] = await tx
    .select({ value, etag, expireTime, sizeBytes, isLive: sql<boolean>`${isLive(cacheEntries)}` })
    .from(cacheEntries)
    .where(one(key, cacheEntries));
  return row;
}

/** Inserts or replaces an entry. It keeps the expiry of the replaced one if `ttlMs` is undefined. */
export async function upsertEntry(
  tx: Db,
  key: CacheKey,
  entry: { value: Uint8Array; sizeBytes: number; etag: string; ttlMs: number | undefined },
): Promise<Date> {
  const { ttlMs, ...columns } = entry;
  const changed = { ...columns, useTime: sql`now()` };
  const [row] = await tx
    .insert(cacheEntries)
    .values({ ...columnsOf(key), ...columns, expireTime: after(ttlMs ?? 0) })
    .onConflictDoUpdate({
      target: [cacheEntries.orgId, cacheEntries.namespace, cacheEntries.key],
      set: ttlMs === undefined ? changed : { ...changed, expireTime: after(ttlMs) },
    })
    .returning({ expireTime });
  if (!row) throw new Error("the upsert returned no row");
  return row.expireTime;
}

export async function deleteEntry(tx: Db, key: CacheKey): Promise<CacheUsage> {
  return totalOf(await tx.delete(cacheEntries).where(one(key, cacheEntries)).returning({ sizeBytes }));
}

export async function deleteByPrefix(tx: Db, owner: CacheNamespace, prefix: string): Promise<CacheUsage> {
  const hasPrefix = sql`starts_with(${byCodePoints(cacheEntries.key)}, ${prefix})`;
  // One statement that counts what it deletes: an organisation can have 10^5 entries.
  const rows = await tx.execute<{ bytes: string; count: string }>(sql`
    with deleted as (
      delete from ${cacheEntries} where ${and(inNamespace(owner, cacheEntries), hasPrefix)} returning ${sizeBytes}
    )
    select coalesce(sum(size_bytes), 0) as bytes, count(*) as count from deleted`);
  const [row] = rows;
  return { usedBytes: Number(row?.bytes ?? 0), entryCount: Number(row?.count ?? 0) };
}

/** Deletes the organisation's least recently used entries, except `kept`, until `bytes` are free. */
export async function evict(tx: Db, orgId: string, bytes: number, kept?: CacheKey): Promise<CacheUsage> {
  let gone: CacheUsage = { usedBytes: 0, entryCount: 0 };
  while (gone.usedBytes < bytes) {
    const oldest = await tx
      .select({ namespace: cacheEntries.namespace, key: cacheEntries.key, sizeBytes })
      .from(cacheEntries)
      .where(and(ofOrg(orgId), kept && not(one(kept, cacheEntries) as SQL)))
      .orderBy(asc(cacheEntries.useTime))
      .limit(evictedMax);
    if (oldest.length === 0) break;
    const missing = bytes - gone.usedBytes;
    let sum = 0;
    const evicted = oldest.filter((entry) => {
      const isNeeded = sum < missing;
      if (isNeeded) sum += entry.sizeBytes;
      return isNeeded;
    });
    gone = added(gone, await deleteKeys(tx, orgId, evicted));
  }
  return gone;
}

function deleteKeys(
  tx: Db,
  orgId: string,
  keys: readonly { namespace: string; key: string }[],
): Promise<CacheUsage> {
  const named = keys.map((key) => one({ orgId, ...key }, cacheEntries));
  return tx
    .delete(cacheEntries)
    .where(or(...named))
    .returning({ sizeBytes })
    .then(totalOf);
}

const totalOf = (rows: readonly { sizeBytes: number }[]): CacheUsage => ({
  usedBytes: rows.reduce((sum, row) => sum + row.sizeBytes, 0),
  entryCount: rows.length,
});

export const added = (a: CacheUsage, b: CacheUsage): CacheUsage => ({
  usedBytes: a.usedBytes + b.usedBytes,
  entryCount: a.entryCount + b.entryCount,
});

export const negative = ({ usedBytes, entryCount }: CacheUsage): CacheUsage => ({
  usedBytes: -usedBytes,
  entryCount: -entryCount,
});

/** Returns false while somebody else's lease is live. */
export async function insertLease(db: Db, key: CacheKey, leaseId: string, leaseMs: number): Promise<boolean> {
  const rows = await db
    .insert(cacheLeases)
    .values({ ...columnsOf(key), leaseId, expireTime: after(leaseMs) })
    .onConflictDoUpdate({
      target: [cacheLeases.orgId, cacheLeases.namespace, cacheLeases.key],
      set: { leaseId, expireTime: after(leaseMs) },
      setWhere: sql`${cacheLeases.expireTime} <= clock_timestamp()`,
    })
    .returning({ leaseId: cacheLeases.leaseId });
  return rows.length > 0;
}

export async function hasLease(db: Db, key: CacheKey): Promise<boolean> {
  const rows = await db
    .select({ leaseId: cacheLeases.leaseId })
    .from(cacheLeases)
    .where(and(one(key, cacheLeases), isLive(cacheLeases)));
  return rows.length > 0;
}

export async function deleteLease(db: Db, key: CacheKey, leaseId: string): Promise<void> {
  await db.delete(cacheLeases).where(and(one(key, cacheLeases), eq(cacheLeases.leaseId, leaseId)));
}

export async function deleteLeases(db: Db, owner: CacheNamespace): Promise<void> {
  await db.delete(cacheLeases).where(inNamespace(owner, cacheLeases));
}

// The functions below serve the periodic clean-up, not a caller: they cover all organisations.

/** Organisations with expired entries. */
export async function listOrgsWithExpired(db: Db): Promise<string[]> {
  const rows = await db
    .selectDistinct({ orgId: cacheEntries.orgId })
    .from(cacheEntries)
    .where(not(isLive(cacheEntries)));
  return rows.map(({ orgId }) => orgId);
}

/** Deletes up to 1000 expired entries of an organisation. */
export async function deleteExpired(tx: Db, orgId: string): Promise<CacheUsage> {
  const expired = await tx
    .select({ namespace: cacheEntries.namespace, key: cacheEntries.key })
    .from(cacheEntries)
    .where(and(ofOrg(orgId), not(isLive(cacheEntries))))
    .limit(expiredMax);
  return expired.length === 0 ? { usedBytes: 0, entryCount: 0 } : deleteKeys(tx, orgId, expired);
}

export async function deleteExpiredLeases(db: Db): Promise<void> {
  await db.delete(cacheLeases).where(not(isLive(cacheLeases)));
}

/** Usage of all organisations that have any, the largest first. */
export function listUsages(db: Db): Promise<(CacheUsage & { orgId: string })[]> {
  return db
    .select()
    .from(cacheUsage)
    .where(ne(cacheUsage.entryCount, 0))
    .orderBy(sql`${cacheUsage.usedBytes} desc`);
}

/** Whether this process alone cleans up until the transaction ends. */
export async function lockCleanUp(tx: Db): Promise<boolean> {
  const [row] = await tx.execute<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended('sluice cache clean-up', 0)) as locked`,
  );
  return row?.locked === true;
}
