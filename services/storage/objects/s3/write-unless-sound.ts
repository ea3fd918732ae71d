import { objectStoreUnavailable } from "../../errors.ts";
import type { IsSound, ObjectHead } from "../object-store.ts";
import { type Bucket, headOf, type WriteCondition } from "./bucket.ts";
import { hasStatus } from "./s3-errors.ts";

/**
 * Writes an object unless a sound one is there, and returns the ETag of the one that stays. `existing` is what the caller
 * has found there. A write replaces only what was looked at: the condition fails if another process was faster.
 */
export async function writeUnlessSound(
  bucket: Bucket,
  path: string,
  isSound: IsSound,
  write: (condition: WriteCondition) => Promise<string>,
  existing?: ObjectHead,
): Promise<string> {
  let found = existing;
  for (let attempt = 1; attempt <= bucket.limits.attemptsMax; attempt += 1) {
    try {
      return await write(found ? { IfMatch: found.fingerprint } : { IfNoneMatch: "*" });
    } catch (error) {
      // A server without conditional writes; the lock of the caller has to be enough.
      if (hasStatus(error, 501)) return write({});
      if (!isConflict(error, found)) throw error;
    }
    found = await headOf(bucket, path);
    if (found && isSound(found)) return found.fingerprint;
  }
  throw objectStoreUnavailable();
}

/** Whether another process was faster. 404 is the answer to the ETag of an object that is gone. */
const isConflict = (error: unknown, found: ObjectHead | undefined): boolean =>
  hasStatus(error, 409, 412) || (found !== undefined && hasStatus(error, 404));
