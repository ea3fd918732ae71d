import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StoredReason } from "../schema.ts";

/** A final failure of packaging or publication. The message is shown to users. */
export class ReleaseFailure extends Error {
  override name = "ReleaseFailure";
  /** Error reason. RELEASE_CORRUPT means that the staged bytes are not the approved ones. */
  readonly reason: StoredReason | null;

  constructor(message: string, { reason = null }: { reason?: StoredReason | null } = {}) {
    super(message);
    this.reason = reason;
  }

  /** Whether the same package can be published once the cause is removed. */
  get isRetryable(): boolean {
    return this.reason !== null && this.reason !== "RELEASE_CORRUPT";
  }
}

/** Reasons whose cause is outside of the package. */
const retryableReasons = ["QUOTA_EXCEEDED", "DISK_FULL"] as const;

/** Codes that a retry does not change. */
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

/** The failure if it is final; undefined if a retry may succeed. */
export function finalFailure(error: unknown): ReleaseFailure | undefined {
  if (error instanceof ReleaseFailure) return error;
  if (!(error instanceof ConnectError)) return undefined;
  const reason = retryableReasons.find((name) => hasReason(error, ErrorReason[name])) ?? null;
  const isFinal = finalCodes.has(error.code) || reason !== null;
  return isFinal ? new ReleaseFailure(error.rawMessage, { reason }) : undefined;
}
