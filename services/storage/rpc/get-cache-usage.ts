import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";

export const getCacheUsage =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.getCacheUsage> =>
  async (_request, context) => {
    const { usedBytes, entryCount } = await cache.usage(scopeOf(context).orgId);
    return {
      usedBytes: BigInt(usedBytes),
      entryCount: BigInt(entryCount),
      limitBytes: BigInt(cache.limitBytes),
    };
  };
