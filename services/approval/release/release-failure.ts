import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StoredReason } from "../schema.ts";

/** Why packaging or publication ended for good, in words for people. */
export class ReleaseFailure extends Error {
  override name = "ReleaseFailure";
  /** What the answer says besides. RELEASE_CORRUPT: the staged bytes are not what was approved. */
  readonly reason: StoredReason | null;

  constructor(message: string, { reason = null }: { reason?: StoredReason | null } = {}) {
    super(message);
    this.reason = reason;
  }

  /** Whether the same package can be published when somebody has mended what was in its way. */
  get isRetryable(): boolean {
    return this.reason !== null && this.reason !== "RELEASE_CORRUPT";
  }
}

/** Refusals that do not lie in the package. */
const retryableReasons = ["QUOTA_EXCEEDED", "DISK_FULL"] as const;

/** Answers of another service that come out the same however often it is asked. */
const finalCodes = new Set([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
  Code.DataLoss,
]);

/** The failure that asking again would not mend; undefined when it might. */
export function finalFailure(error: unknown): ReleaseFailure | undefined {
  if (error instanceof ReleaseFailure) return error;
  if (!(error instanceof ConnectError)) return undefined;
  const reason = retryableReasons.find((name) => hasReason(error, ErrorReason[name])) ?? null;
  const isFinal = finalCodes.has(error.code) || reason !== null;
  return isFinal ? new ReleaseFailure(error.rawMessage, { reason }) : undefined;
}
