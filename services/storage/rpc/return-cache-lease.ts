import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";

export const returnCacheLease =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.returnCacheLease> =>
  async ({ leaseId, ...place }, context) => {
    await cache.endLease(keyOf(scopeOf(context), place), leaseId);
    return {};
  };
