import type { MethodImpl } from "@connectrpc/connect";
import type { ResultCacheService } from "../../../gen/sluice/storage/v1/result_cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { resultKeyOf } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";

export const returnResultLease =
  ({ cache }: StorageDeps): MethodImpl<typeof ResultCacheService.method.returnResultLease> =>
  async ({ leaseId, ...place }, context) => {
    await cache.endLease(resultKeyOf(scopeOf(context), place), leaseId);
    return {};
  };
