import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/errors.ts";

/** Why packaging or publication ended for good, in words for people. */
export class ReleaseFailure extends Error {
  override name = "ReleaseFailure";
  /** Whether the staged bytes are not what was approved. */
  readonly isCorrupt: boolean;

  constructor(message: string, { isCorrupt = false } = {}) {
    super(message);
    this.isCorrupt = isCorrupt;
  }
}

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
  const isFinal = finalCodes.has(error.code) || hasReason(error, ErrorReason.QUOTA_EXCEEDED);
  return isFinal ? new ReleaseFailure(error.rawMessage) : undefined;
}
