import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { invalidField } from "../../lib/rpc/errors.ts";
import { keyRightsExceeded } from "../errors.ts";

/** Maximum of google.protobuf.Timestamp, in milliseconds. */
const timestampMaxMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The requested expiry, or the limit without one. Throws if it is past, or later than the limit; null is never. */
export function expiryWithin(requested: Timestamp | undefined, limit: Date | null): Date | null {
  if (!requested) return limit;
  const date = timestampDate(requested);
  if (!(date.getTime() > Date.now() && date.getTime() <= timestampMaxMs))
    throw invalidField("api_key.expire_time", "must be in the future, and not after the year 9999");
  if (limit && date > limit) throw keyRightsExceeded("expire_time", limit.toISOString());
  return date;
}
