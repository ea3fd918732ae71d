import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";

export const deleteCacheEntry =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.deleteCacheEntry> =>
  async (request, context) => {
    await cache.delete(keyOf(scopeOf(context), request));
    return {};
  };
