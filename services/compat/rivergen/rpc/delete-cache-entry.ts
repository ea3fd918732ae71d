import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../../gen/compat/rivergen/v1/cache_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";

export const deleteCacheEntry =
  ({ cache }: RivergenDeps): MethodImpl<typeof CacheService.method.deleteCacheEntry> =>
  async ({ key }, context) => {
    requireService(context);
    await cache.deleteCacheEntry({ key });
    return succeed({ key }, "Cache entry deleted successfully");
  };
