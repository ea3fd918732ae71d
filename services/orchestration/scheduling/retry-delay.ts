import type { Clock } from "../timing/clock.ts";
import { type Owner, orgUsage, type Shares, type UsageByClass, type WorkClass } from "./shares.ts";
import { demandOf } from "./usage.ts";
import type { Holder } from "./waiter.ts";

const retryDelayMinMs = 1_000;
const retryDelayMaxMs = 60_000;
/** How much the newest permit counts in the average. */
const weight = 0.2;

/** Estimates how long the work before a new request takes. */
export type RetryDelay = {
  /** Takes note of how long a permit was held. */
  observe(workClass: WorkClass, heldMs: number): void;
  /** When an owner should ask again, in milliseconds: its organisation's work, at the pace of its share. */
  estimate(owner: Owner, usage: UsageByClass, shares: Shares): number;
};

export function createRetryDelay(clock: Clock, holders: ReadonlySet<Holder>): RetryDelay {
  const usual: Record<WorkClass, number> = { interactive: retryDelayMinMs, jobs: retryDelayMinMs };
  /** Work that runs long shows before it ends. */
  const ageMs = (workClass: WorkClass): number => {
    const ages = [...holders]
      .filter((holder) => holder.workClass === workClass)
      .map(({ startedAtMs }) => clock.now() - startedAtMs);
    return ages.reduce((sum, age) => sum + age, 0) / Math.max(1, ages.length);
  };
  return {
    observe(workClass, heldMs) {
      usual[workClass] += weight * (heldMs - usual[workClass]);
    },
    estimate(owner, usage, shares) {
      const heldMs = Math.max(usual[owner.workClass], ageMs(owner.workClass));
      const ahead = demandOf(orgUsage(usage, owner));
      const delayMs = (heldMs * ahead) / Math.max(1, shares.orgLevel(owner));
      return Math.round(Math.min(retryDelayMaxMs, Math.max(retryDelayMinMs, delayMs)));
    },
  };
}
