import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";

export const deleteCacheEntries =
  ({ cache }: StorageDeps): MethodImpl<typeof CacheService.method.deleteCacheEntries> =>
  async ({ namespace, prefix }, context) => {
    const entryCount = await cache.deletePrefix(ownerIn(scopeOf(context), namespace), prefix);
    return { entryCount: BigInt(entryCount) };
  };
