import { type Owner, userUsage, type WorkClass } from "./shares.ts";
import { addUsage, createUsage, type Usage, type UsageField } from "./usage.ts";
import type { Holder, PermitEvents, Waiter } from "./waiter.ts";

/** Holders of permits, queued requests, and the usage derived from both. */
export type Ledger = {
  readonly usage: Readonly<Record<WorkClass, Usage>>;
  /** In order of their start. */
  readonly holders: ReadonlySet<Holder>;
  /** In order of arrival. */
  readonly waiting: ReadonlySet<Waiter>;
  /** The first request of each user, in order of arrival. */
  firstOfEachUser(): Waiter[];
  enqueue(waiter: Waiter): void;
  /** Returns false if it was not queued. */
  dequeue(waiter: Waiter): boolean;
  start(owner: Owner, events: PermitEvents, nowMs: number): Holder;
  /** The holder keeps its permit until it releases it. */
  markEnding(holder: Holder): void;
  /** Returns false if it was released before. */
  release(holder: Holder): boolean;
};

export function createLedger(): Ledger {
  const usage = { interactive: createUsage(), jobs: createUsage() };
  const holders = new Set<Holder>();
  const waiting = new Set<Waiter>();
  const count = ({ workClass, orgId, userId }: Owner, field: UsageField, delta: number) =>
    addUsage(usage[workClass], [orgId, userId], field, delta);
  return {
    usage,
    holders,
    waiting,
    firstOfEachUser() {
      const seen = new Set<Usage>();
      return [...waiting].filter((waiter) => {
        const user = userUsage(usage, waiter);
        return !seen.has(user) && seen.add(user);
      });
    },
    enqueue(waiter) {
      waiting.add(waiter);
      count(waiter, "queued", 1);
    },
    dequeue(waiter) {
      if (!waiting.delete(waiter)) return false;
      count(waiter, "queued", -1);
      return true;
    },
    start({ workClass, orgId, userId }, events, nowMs) {
      const holder: Holder = { workClass, orgId, userId, events, startedAtMs: nowMs, isEnding: false };
      holders.add(holder);
      count(holder, "running", 1);
      return holder;
    },
    markEnding(holder) {
      holder.isEnding = true;
      count(holder, "running", -1);
      count(holder, "ending", 1);
    },
    release(holder) {
      if (!holders.delete(holder)) return false;
      count(holder, holder.isEnding ? "ending" : "running", -1);
      return true;
    },
  };
}
