import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf, ttlOf } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";
import { cacheValueNotInteger } from "../errors.ts";

export const incrementCacheEntry =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.incrementCacheEntry> =>
  async ({ delta = 1n, ttl, ...place }, context) => {
    const key = keyOf(scopeOf(context), place);
    const outcome = await cache.increment(key, delta, ttlOf(ttl));
    if (outcome === "notInteger") throw cacheValueNotInteger(key.key);
    return { sum: outcome.sum, expireTime: timestampFromDate(outcome.expireTime) };
  };
