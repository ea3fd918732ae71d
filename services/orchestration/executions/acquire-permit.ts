import { executionPreempted, serviceBusy } from "../errors.ts";
import type { FairScheduler } from "../scheduling/fair-scheduler.ts";
import type { Owner } from "../scheduling/shares.ts";

/** A permit until disposed. */
export type Permit = Disposable & {
  readonly waitedMs: number;
  /** Aborts when the work has to make room for others, with the error for its caller. */
  readonly preempted: AbortSignal;
};

/**
 * Waits for a permit, or until the signal aborts; then throws its reason. Unavailable (SERVICE_BUSY) when too many wait
 * already, or when it takes too long.
 */
export function acquirePermit(scheduler: FairScheduler, owner: Owner, signal: AbortSignal): Promise<Permit> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Permit>();
  const preempted = new AbortController();
  const withdraw = scheduler.request(owner, {
    granted: ({ waitedMs, release }) =>
      resolve({ waitedMs, preempted: preempted.signal, [Symbol.dispose]: release }),
    refused: (refusal) => reject(serviceBusy(refusal)),
    preempted: (preemption) => preempted.abort(executionPreempted(preemption)),
  });
  const stop = () => {
    withdraw();
    reject(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", stop));
}
