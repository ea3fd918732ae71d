import { fromJson } from "@bufbuild/protobuf";
import { type Value, ValueSchema } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../../gen/compat/rivergen/v1/cache_pb.ts";
import { parseJson, textOf } from "../../../lib/rpc/strict-json.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { valueNotJson } from "../errors.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";

export const getCacheEntry =
  ({ cache }: RivergenDeps): MethodImpl<typeof CacheService.method.getCacheEntry> =>
  async ({ key }, context) => {
    requireService(context);
    const { entry } = await cache.getCacheEntry({ key });
    const { value, expireTime } = answeredBy("storage", entry);
    return succeed(
      { key, value: readValue(key, value), expiresAt: expireTime },
      "Cache entry retrieved successfully",
    );
  };

/** Refuses bytes whose JSON would not be the same as it was stored. */
function readValue(key: string, bytes: Uint8Array): Value {
  try {
    return fromJson(ValueSchema, parseJson(textOf(bytes)));
  } catch {
    throw valueNotJson(key);
  }
}
