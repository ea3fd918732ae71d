import { setTimeout } from "node:timers/promises";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason, retryDelayOf } from "../../lib/rpc/errors.ts";

/** How long work waits before it asks for a permit again, at least and at most, in milliseconds. */
const waitMinMs = 1_000;
const waitMaxMs = 15_000;

/** To be refused, or ended early, for the work of others is no failure of a job. */
const othersWork = [ErrorReason.SERVICE_BUSY, ErrorReason.EXECUTION_PREEMPTED];

/** Does work of orchestration's as soon as that has a permit for it. */
export async function whenFree<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    let waitMs = waitMinMs;
    try {
      return await work();
    } catch (error) {
      if (!othersWork.some((reason) => hasReason(error, reason))) throw error;
      waitMs = Math.min(waitMaxMs, Math.max(waitMinMs, retryDelayOf(error) ?? 0));
    }
    await setTimeout(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
