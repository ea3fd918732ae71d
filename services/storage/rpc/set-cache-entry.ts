import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf, toCacheEntry, ttlOf } from "../cache/cache-message.ts";
import { sizeOf } from "../cache/cache-store.ts";
import type { StorageDeps } from "../deps.ts";
import { cacheEntryExists, cacheEntryTooLarge } from "../errors.ts";

export const setCacheEntry =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.setCacheEntry> =>
  async ({ value, ttl, etag, onlyIfAbsent, leaseId, ...place }, context) => {
    const key = keyOf(scopeOf(context), place);
    const sizeBytes = sizeOf(key, value);
    if (sizeBytes > cache.limitBytes) throw cacheEntryTooLarge(sizeBytes, cache.limitBytes);
    const outcome = await cache.set(key, {
      value,
      ttlMs: ttlOf(ttl),
      onlyIfAbsent,
      ...(etag !== "" && { etag }),
      ...(leaseId !== "" && { leaseId }),
    });
    if (outcome === "exists") throw cacheEntryExists(key.key);
    if (outcome === "changed") throw etagMismatch("cache entry", key.key);
    return { entry: toCacheEntry(key, { ...outcome, value: new Uint8Array() }) };
  };
