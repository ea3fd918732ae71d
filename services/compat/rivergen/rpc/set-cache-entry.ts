import { toJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { CacheService } from "../../../../gen/compat/rivergen/v1/cache_pb.ts";
import { invalidField } from "../../../lib/rpc/errors.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";

/** Largest JSON of a value. The contract states it. */
const valueBytesMax = 1024 * 1024;

export const setCacheEntry =
  ({ cache }: RivergenDeps): MethodImpl<typeof CacheService.method.setCacheEntry> =>
  async ({ key, value, ttl }, context) => {
    requireService(context);
    const bytes = new TextEncoder().encode(
      JSON.stringify(toJson(ValueSchema, answeredBy("the caller", value))),
    );
    if (bytes.length > valueBytesMax) throw invalidField("value", `is larger than ${valueBytesMax} bytes`);
    const { entry } = await cache.setCacheEntry({
      key,
      value: bytes,
      ...(ttl > 0 && { ttl: { seconds: BigInt(ttl) } }),
    });
    const expiresAt = answeredBy("storage", entry).expireTime;
    return succeed({ key, ...(value && { value }), expiresAt }, "Cache entry stored successfully");
  };
