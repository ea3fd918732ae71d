import type { Clock } from "../timing/clock.ts";
import { type Owner, orgUsage, type Shares, type UsageByClass, type WorkClass } from "./shares.ts";
import { demandOf } from "./usage.ts";
import type { Holder } from "./waiter.ts";

const retryDelayMinMs = 1_000;
const retryDelayMaxMs = 60_000;
/** Weight of the newest sample in the moving average. */
const weight = 0.2;

/** Estimates how long the work ahead of a new request takes. */
export type RetryDelay = {
  /** Adds a sample: how long a permit was held. */
  observe(workClass: WorkClass, heldMs: number): void;
  /** Delay before an owner's next try, in milliseconds: the work of its organisation divided by its share. */
  estimate(owner: Owner, usage: UsageByClass, shares: Shares): number;
};

export function createRetryDelay(clock: Clock, holders: ReadonlySet<Holder>): RetryDelay {
  const averageMs: Record<WorkClass, number> = { interactive: retryDelayMinMs, jobs: retryDelayMinMs };
  /** Running work counts too: long work shows before it ends. */
  const ageMs = (workClass: WorkClass): number => {
    const ages = [...holders]
      .filter((holder) => holder.workClass === workClass)
      .map(({ startedAtMs }) => clock.now() - startedAtMs);
    return ages.reduce((sum, age) => sum + age, 0) / Math.max(1, ages.length);
  };
  return {
    observe(workClass, heldMs) {
      averageMs[workClass] += weight * (heldMs - averageMs[workClass]);
    },
    estimate(owner, usage, shares) {
      const heldMs = Math.max(averageMs[owner.workClass], ageMs(owner.workClass));
      const ahead = demandOf(orgUsage(usage, owner));
      const delayMs = (heldMs * ahead) / Math.max(1, shares.orgLevel(owner));
      return Math.round(Math.min(retryDelayMaxMs, Math.max(retryDelayMinMs, delayMs)));
    },
  };
}
