import { type Duration, durationMs } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { keyOf, toCacheEntry } from "../cache/cache-message.ts";
import type { StorageDeps } from "../deps.ts";

/** Defaults of the contract, in milliseconds. */
const waitMsDefault = 10_000;
const leaseMsDefault = 30_000;

export const leaseCacheEntry =
  ({ entryLeases }: StorageDeps): MethodImpl<typeof CacheService.method.leaseCacheEntry> =>
  async ({ wait, lease, ...place }, context) => {
    const key = keyOf(scopeOf(context), place);
    const leased = await entryLeases.lease(key, {
      waitMs: msOf(wait, waitMsDefault),
      leaseMs: msOf(lease, leaseMsDefault),
      signal: context.signal,
    });
    if (!leased) return {};
    return "leaseId" in leased ? leased : { entry: toCacheEntry(key, leased) };
  };

const msOf = (duration: Duration | undefined, byDefault: number): number =>
  duration ? durationMs(duration) : byDefault;
