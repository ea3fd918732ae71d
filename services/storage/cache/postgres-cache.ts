import { randomUUID } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { enterNamespace } from "../../lib/database/namespace-gate.ts";
import { closedNamespaces } from "../schema.ts";
import * as repository from "./cache-repository.ts";
import { type CacheEntry, type CacheKey, type CacheStore, roomOf, sizeOf, sumOf } from "./cache-store.ts";

type Stored = Awaited<ReturnType<typeof repository.findStored>>;
/** An undefined `ttlMs` keeps the expiry. */
type NewValue = { readonly value: Uint8Array; readonly ttlMs: number | undefined };

/** Entries in tables of the service's database that are not logged. `limitBytes` is that of each organisation. */
export function createPostgresCache(db: Db, limitBytes: number): CacheStore {
  return {
    limitBytes,
    async get(key) {
      const found = await repository.findEntry(db, key);
      if (found?.isUnused) await repository.touchEntry(db, key);
      return found;
    },
    set: (key, { value, ttlMs, etag, onlyIfAbsent, leaseId }) =>
      db.transaction(async (tx) => {
        const entry = await write<"exists" | "changed">(tx, limitBytes, key, (stored) => {
          if (onlyIfAbsent && stored) return "exists";
          if (etag !== undefined && stored?.etag !== etag) return "changed";
          return { value, ttlMs };
        });
        if (leaseId !== undefined) await repository.deleteLease(tx, key, leaseId);
        return entry;
      }),
    increment: (key, delta, ttlMs) =>
      db.transaction(async (tx) => {
        const entry = await write<"notInteger">(tx, limitBytes, key, (stored) => {
          const sum = sumOf(stored?.value, delta);
          if (sum === undefined) return "notInteger";
          return { value: Buffer.from(String(sum)), ttlMs: stored ? undefined : ttlMs };
        });
        if (entry === "notInteger") return entry;
        return { sum: BigInt(Buffer.from(entry.value).toString()), expireTime: entry.expireTime };
      }),
    async delete(key) {
      await repository.deleteEntries(db, key.orgId, (tx) => repository.deleteEntry(tx, key));
    },
    async deletePrefix(owner, prefix) {
      if (prefix === "") await repository.deleteLeases(db, owner);
      return repository.deleteEntries(db, owner.orgId, (tx) => repository.deleteByPrefix(tx, owner, prefix));
    },
    usage: (orgId) => repository.findUsage(db, orgId),
    async lease(key, leaseMs) {
      const leaseId = randomUUID();
      return (await repository.insertLease(db, key, leaseId, leaseMs)) ? leaseId : undefined;
    },
    isLeased: (key) => repository.hasLease(db, key),
    endLease: (key, leaseId) => repository.deleteLease(db, key, leaseId),
    async [Symbol.asyncDispose]() {},
  };
}

/** Writes what `decide` makes of the live entry, unless it refuses, and makes room for it. */
async function write<Refusal extends string>(
  tx: Db,
  limitBytes: number,
  key: CacheKey,
  decide: (live: Stored) => NewValue | Refusal,
): Promise<CacheEntry | Refusal> {
  await enterNamespace(tx, closedNamespaces, key);
  const usage = await repository.lockUsage(tx, key.orgId);
  const stored = await repository.findStored(tx, key);
  const decided = decide(stored?.isLive ? stored : undefined);
  if (typeof decided === "string") return decided;
  const { value, ttlMs } = decided;
  const entry = { value, etag: randomUUID(), sizeBytes: sizeOf(key, value), ttlMs };
  const expireTime = await repository.upsertEntry(tx, key, entry);
  const grown = {
    usedBytes: entry.sizeBytes - (stored?.sizeBytes ?? 0),
    entryCount: stored ? 0 : 1,
  };
  const excessBytes = usage.usedBytes + grown.usedBytes - limitBytes;
  const evicted =
    excessBytes > 0
      ? await repository.evict(tx, key.orgId, excessBytes + roomOf(limitBytes), key)
      : { usedBytes: 0, entryCount: 0 };
  await repository.addUsage(tx, key.orgId, repository.added(grown, repository.negative(evicted)));
  return { value, etag: entry.etag, expireTime };
}
