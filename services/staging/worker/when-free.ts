import { setTimeout } from "node:timers/promises";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { hasReason } from "../../lib/errors.ts";

/** How long work waits before it asks for a place again, in milliseconds. */
const askEveryMs = 1_000;

/** Does work of orchestration's as soon as that has a place for it: to be refused for others' work is no failure. */
export async function whenFree<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!hasReason(error, ErrorReason.SERVICE_BUSY)) throw error;
    }
    await setTimeout(askEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
