import type { MethodImpl } from "@connectrpc/connect";
import type { ResultCacheService } from "../../../gen/sluice/storage/v1/result_cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { resultKeyOf, ttlOf } from "../cache/cache-message.ts";
import { sizeOf } from "../cache/cache-store.ts";
import type { StorageDeps } from "../deps.ts";
import { cacheEntryTooLarge } from "../errors.ts";

export const setResult =
  ({ cache }: StorageDeps): MethodImpl<typeof ResultCacheService.method.setResult> =>
  async ({ value, ttl, leaseId, ...place }, context) => {
    const key = resultKeyOf(scopeOf(context), place);
    const sizeBytes = sizeOf(key, value);
    if (sizeBytes > cache.limitBytes) throw cacheEntryTooLarge(sizeBytes, cache.limitBytes);
    const change = { value, ttlMs: ttlOf(ttl), onlyIfAbsent: false };
    await cache.set(key, leaseId === "" ? change : { ...change, leaseId });
    return {};
  };
