import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { ResultCacheService } from "../../../gen/sluice/storage/v1/result_cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { resultKeyOf } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";

export const leaseResult =
  ({ entryLeases }: StorageDeps): MethodImpl<typeof ResultCacheService.method.leaseResult> =>
  async ({ wait, lease, ...place }, context) => {
    const leased = await entryLeases.lease(resultKeyOf(scopeOf(context), place), {
      waitMs: msOf(wait),
      leaseMs: msOf(lease),
      signal: context.signal,
    });
    if (!leased) return {};
    return "leaseId" in leased ? leased : { value: leased.value };
  };

const msOf = (duration: Duration | undefined): number => (duration ? durationMs(duration) : 0);
