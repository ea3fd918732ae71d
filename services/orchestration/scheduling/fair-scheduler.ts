import type { Clock } from "../timing/clock.ts";
import { createLedger } from "./ledger.ts";
import { nextToStart } from "./next-to-start.ts";
import { enterQueue, type QueueLimits } from "./permit-queue.ts";
import { findVictim, type Victim } from "./preemption.ts";
import { createRetryDelay } from "./retry-delay.ts";
import { type Guarantees, type Owner, readShares, type Shares, userUsage } from "./shares.ts";
import type { Holder, PermitEvents, Refusal, Waiter } from "./waiter.ts";

export type FairSchedulerOptions = {
  readonly guarantees: Guarantees;
  readonly queue: QueueLimits & { /** Longest wait, in milliseconds. */ readonly waitMaxMs: number };
  /** How long an owner below its share waits before another owner's permit beyond its share is preempted, in milliseconds. */
  readonly preemptAfterMs: number;
  readonly clock: Clock;
};

/** Shares permits fairly between organisations, then between their users. The clock is the only source of time. */
export type FairScheduler = {
  /** Requests a permit. The returned function withdraws a queued request. Events may fire before `request` returns. */
  request(owner: Owner, events: PermitEvents): () => void;
  /** Numbers of permits in use and of queued requests. */
  count(): { readonly held: number; readonly waiting: number };
};

export function createFairScheduler(options: FairSchedulerOptions): FairScheduler {
  const { guarantees, queue, preemptAfterMs, clock } = options;
  const ledger = createLedger();
  const { usage, holders, waiting } = ledger;
  const retryDelay = createRetryDelay(clock, holders);
  let isDispatching = false;

  const shares = (): Shares => readShares(usage, guarantees);
  const retryDelayOf = (owner: Owner) => retryDelay.estimate(owner, usage, shares());

  function leave(waiter: Waiter): boolean {
    for (const cancel of waiter.timers) cancel();
    return ledger.dequeue(waiter);
  }

  function refuse(waiter: Waiter, cause: Refusal["cause"]): void {
    const retryDelayMs = retryDelayOf(waiter);
    leave(waiter);
    waiter.events.refused({ cause, retryDelayMs });
  }

  function grant(waiter: Waiter): void {
    leave(waiter);
    const { events, queuedAtMs } = waiter;
    const nowMs = clock.now();
    const holder = ledger.start(waiter, events, nowMs);
    events.granted({ waitedMs: nowMs - queuedAtMs, release: () => release(holder) });
  }

  function release(holder: Holder): void {
    if (!ledger.release(holder)) return;
    // The run time of a preempted holder says nothing about others.
    if (!holder.isEnding) retryDelay.observe(holder.workClass, clock.now() - holder.startedAtMs);
    dispatch();
  }

  function end({ holder, of, share }: Victim): void {
    ledger.markEnding(holder);
    const ranMs = clock.now() - holder.startedAtMs;
    holder.events.preempted({ ranMs, share, of, retryDelayMs: retryDelayOf(holder) });
  }

  /** Preempts one permit for each overdue user, less the permits that are ending already. */
  function preempt(): void {
    let ending = [...holders].filter(({ isEnding }) => isEnding).length;
    for (const waiter of ledger.firstOfEachUser()) {
      if (!waiter.isOverdue || !waiting.has(waiter)) continue;
      const victim =
        ending > 0 ? undefined : findVictim({ holders, usage, guarantees, shares: shares() }, waiter);
      ending = Math.max(0, ending - 1);
      if (victim) end(victim);
    }
  }

  /** Grant events may request or release permits. The flag prevents recursion, and the loop sees their changes. */
  function dispatch(): void {
    if (isDispatching) return;
    isDispatching = true;
    for (let next = nextToStart(ledger, shares()); next; next = nextToStart(ledger, shares())) grant(next);
    isDispatching = false;
    preempt();
  }

  function wait(waiter: Waiter): () => void {
    ledger.enqueue(waiter);
    const becomeOverdue = () => {
      waiter.isOverdue = true;
      dispatch();
    };
    const expire = () => {
      refuse(waiter, { of: "time", maxMs: queue.waitMaxMs });
      dispatch();
    };
    waiter.timers.push(clock.after(preemptAfterMs, becomeOverdue), clock.after(queue.waitMaxMs, expire));
    dispatch();
    return () => void (leave(waiter) && dispatch());
  }

  return {
    request({ workClass, orgId, userId }, events) {
      const queuedAtMs = clock.now();
      const waiter: Waiter = { workClass, orgId, userId, events, queuedAtMs, timers: [], isOverdue: false };
      // Queued requests of others cannot start, so this one overtakes none.
      if (userUsage(usage, waiter).queued === 0 && shares().canStart(waiter)) {
        grant(waiter);
        return () => {};
      }
      const entry = enterQueue(waiting, usage, waiter, queue);
      if (entry.kind === "full") {
        events.refused({ cause: entry.full, retryDelayMs: retryDelayOf(waiter) });
        return () => {};
      }
      if (entry.evicted) refuse(entry.evicted.waiter, entry.evicted.full);
      return wait(waiter);
    },
    count: () => ({ held: holders.size, waiting: waiting.size }),
  };
}
