import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { StagingDeps } from "../deps.ts";

/** A third of a snapshot's lease of 60 seconds. */
const renewEveryMs = 20_000;

/** Renews a snapshot until disposed. The signal aborts if the snapshot is gone or the outer signal aborts. */
export function keepSnapshot(
  { extracts, log }: StagingDeps,
  snapshotId: string,
  outer: AbortSignal,
): Disposable & { signal: AbortSignal } {
  const gone = new AbortController();
  const renew = async () => {
    try {
      await extracts.renewSnapshot({ snapshotId });
    } catch (error) {
      if (hasReason(error, ErrorReason.SNAPSHOT_GONE)) gone.abort(error);
      else log.warn({ err: error, snapshotId }, "a snapshot was not renewed; it is tried again");
    }
  };
  const timer = setInterval(renew, renewEveryMs);
  return {
    signal: AbortSignal.any([outer, gone.signal]),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Closes a snapshot. Errors are ignored, because its lease expires. */
export async function closeSnapshot({ extracts, log }: StagingDeps, snapshotId: string): Promise<void> {
  try {
    await extracts.closeSnapshot({ snapshotId });
  } catch (error) {
    log.warn({ err: error, snapshotId }, "a snapshot was not closed; it expires by itself");
  }
}
