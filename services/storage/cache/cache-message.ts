import { create } from "@bufbuild/protobuf";
import { type Duration, durationMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type CacheEntry, CacheEntrySchema } from "../../../gen/sluice/storage/v1/cache_pb.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { CacheKey, CacheEntry as Stored } from "./cache-store.ts";

/** Lifetime of an entry when the request has none, in milliseconds. Stands in the contract. */
const ttlMsDefault = 60 * 60 * 1000;

export const ttlOf = (ttl: Duration | undefined): number =>
  ttl ? Math.max(1, Math.floor(durationMs(ttl))) : ttlMsDefault;

/** The place of a request's entry. NotFound outside of the caller's namespaces. */
export const keyOf = (scope: Scope, { namespace, key }: { namespace: string; key: string }): CacheKey => ({
  ...ownerIn(scope, namespace),
  key,
});

/** Keys of callers have no control characters: no caller can reach a result. */
const resultPrefix = "\u0001";

/** The place of a result that another service keeps. */
export const resultKeyOf = (scope: Scope, { namespace, key }: { namespace: string; key: string }): CacheKey =>
  keyOf(scope, { namespace, key: `${resultPrefix}${key}` });

export const toCacheEntry = ({ namespace, key }: CacheKey, { value, etag, expireTime }: Stored): CacheEntry =>
  create(CacheEntrySchema, { key, namespace, value, etag, expireTime: timestampFromDate(expireTime) });
