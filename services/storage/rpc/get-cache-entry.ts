import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf, toCacheEntry } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";
import { cacheEntryNotFound } from "../errors.ts";

export const getCacheEntry =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.getCacheEntry> =>
  async (request, context) => {
    const key = keyOf(scopeOf(context), request);
    const entry = await cache.get(key);
    if (!entry) throw cacheEntryNotFound(key.key);
    return { entry: toCacheEntry(key, entry) };
  };
