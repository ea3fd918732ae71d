import { executionPreempted, serviceBusy } from "../errors.ts";
import type { FairScheduler } from "../scheduling/fair-scheduler.ts";
import type { Owner } from "../scheduling/shares.ts";

/** Permission to run, until disposed. */
export type Permit = Disposable & {
  readonly waitedMs: number;
  /** Aborts with the error for the caller when the permit is needed for another owner. */
  readonly preempted: AbortSignal;
};

/**
 * Waits for a permit. Throws the signal's reason when it aborts first. Unavailable (SERVICE_BUSY) when the queue is full or
 * the wait too long.
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
