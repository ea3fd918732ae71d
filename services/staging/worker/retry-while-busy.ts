import { setTimeout } from "node:timers/promises";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason, retryDelayOf } from "../../lib/rpc/errors.ts";

/** Minimum and maximum backoff before the next request for a permit, in milliseconds. */
const waitMinMs = 1_000;
const waitMaxMs = 15_000;

/** Reasons of a full or preempting service. They are not failures of the job. */
const busyReasons = [ErrorReason.SERVICE_BUSY, ErrorReason.EXECUTION_PREEMPTED];

/** Retries work until orchestration has a permit for it. */
export async function retryWhileBusy<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    let waitMs = waitMinMs;
    try {
      return await work();
    } catch (error) {
      if (!busyReasons.some((reason) => hasReason(error, reason))) throw error;
      waitMs = Math.min(waitMaxMs, Math.max(waitMinMs, retryDelayOf(error) ?? 0));
    }
    await setTimeout(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
