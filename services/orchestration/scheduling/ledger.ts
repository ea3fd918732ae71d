import { type Owner, userUsage, type WorkClass } from "./shares.ts";
import { addUsage, createUsage, type Usage } from "./usage.ts";
import type { Holder, PermitEvents, Waiter } from "./waiter.ts";

/** Who holds a permit and who waits for one, and the usage that follows from it. */
export type Ledger = {
  readonly usage: Readonly<Record<WorkClass, Usage>>;
  /** In the order in which they started. */
  readonly holders: ReadonlySet<Holder>;
  /** In the order in which they came. */
  readonly waiting: ReadonlySet<Waiter>;
  /** The first request of each user, in the order in which they came. */
  firstOfEachUser(): Waiter[];
  enqueue(waiter: Waiter): void;
  /** Answers whether it still waited. */
  dequeue(waiter: Waiter): boolean;
  start(owner: Owner, events: PermitEvents, nowMs: number): Holder;
  /** The holder is told to end and keeps its permit until it does. */
  markEnding(holder: Holder): void;
  /** Answers whether it still had its permit. */
  release(holder: Holder): boolean;
};

export function createLedger(): Ledger {
  const usage = { interactive: createUsage(), jobs: createUsage() };
  const holders = new Set<Holder>();
  const waiting = new Set<Waiter>();
  const count = ({ workClass, orgId, userId }: Owner, what: "running" | "ending" | "queued", delta: number) =>
    addUsage(usage[workClass], [orgId, userId], what, delta);
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
