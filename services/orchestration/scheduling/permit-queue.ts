import { orgUsage, type UsageByClass, userUsage, type WorkClass } from "./shares.ts";
import { type Usage, usageOf } from "./usage.ts";
import type { QueueFull, Waiter } from "./waiter.ts";

/** Most queued requests of a class: in total, of one organisation, of one user. */
export type QueueLimits = { readonly totalMax: number; readonly orgMax: number; readonly userMax: number };

export type QueueEntry =
  /** `evicted` is the request that was removed to make room. */
  | { readonly kind: "entered"; readonly evicted?: Evicted }
  | { readonly kind: "full"; readonly full: QueueFull };

type Evicted = { readonly waiter: Waiter; readonly full: QueueFull };

/** Decides whether a request is queued. In a full queue, the owner with the most requests loses its newest one. */
export function enterQueue(
  waiting: ReadonlySet<Waiter>,
  usage: UsageByClass,
  waiter: Waiter,
  { totalMax, orgMax, userMax }: QueueLimits,
): QueueEntry {
  const all = usage[waiter.workClass];
  const org = orgUsage(usage, waiter);
  const user = userUsage(usage, waiter);
  if (user.queued >= userMax) return { kind: "full", full: { of: "user", max: userMax } };
  if (org.queued >= orgMax) {
    const full: QueueFull = { of: "org", max: orgMax };
    const longest = longestQueue(org, user.queued + 1);
    return evict(newestOf(waiting, waiter.workClass, waiter.orgId, longest), full);
  }
  if (all.queued >= totalMax) {
    const full: QueueFull = { of: "all", max: totalMax };
    const longest = longestQueue(all, org.queued + 1);
    if (longest === undefined) return { kind: "full", full };
    return evict(newestOf(waiting, waiter.workClass, longest, longestQueue(usageOf(all, longest), 0)), full);
  }
  return { kind: "entered" };
}

const evict = (waiter: Waiter | undefined, full: QueueFull): QueueEntry =>
  waiter ? { kind: "entered", evicted: { waiter, full } } : { kind: "full", full };

/** The owner with the most queued requests, if it has more than `least`. */
function longestQueue({ owners }: Usage, least: number): string | undefined {
  let longest: string | undefined;
  let most = least;
  for (const [ownerId, { queued }] of owners) {
    if (queued <= most) continue;
    longest = ownerId;
    most = queued;
  }
  return longest;
}

function newestOf(
  waiting: ReadonlySet<Waiter>,
  workClass: WorkClass,
  orgId: string,
  userId: string | undefined,
): Waiter | undefined {
  if (userId === undefined) return undefined;
  return [...waiting]
    .reverse()
    .find((one) => one.workClass === workClass && one.orgId === orgId && one.userId === userId);
}
