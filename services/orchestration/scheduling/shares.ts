import { demandOf, fairLevel, heldBy, type Usage, usageOf } from "./usage.ts";

/** Work that a user waits for, and chunks of jobs. */
export type WorkClass = "interactive" | "jobs";

/** The user, organisation and class that a permit is counted for. */
export type Owner = { readonly workClass: WorkClass; readonly orgId: string; readonly userId: string };

/** Permits guaranteed to each class. Their sum is the number of permits. */
export type Guarantees = Readonly<Record<WorkClass, number>>;

export type UsageByClass = Readonly<Record<WorkClass, Usage>>;

/** Fair shares of all owners, computed from one state of usage. */
export type Shares = {
  readonly free: number;
  /** Most permits of an organisation while others are queued. */
  orgLevel(owner: Owner): number;
  /** Most permits of a user while others are queued. */
  userLevel(owner: Owner): number;
  /** Whether the class holds less than its guarantee. */
  isBelowGuarantee(workClass: WorkClass): boolean;
  /** Whether the owner may start one more now. */
  canStart(owner: Owner): boolean;
};

/**
 * Permits of a class reserved for owners that hold none or are below their share.
 * @internal Exported for the property tests of the scheduler.
 */
export function reserveOf(guarantee: number): number {
  return guarantee < 2 ? 0 : 1 + Math.floor(guarantee / 8);
}

export const otherClass = (workClass: WorkClass): WorkClass =>
  workClass === "interactive" ? "jobs" : "interactive";

export const orgUsage = (usage: UsageByClass, { workClass, orgId }: Owner): Usage =>
  usageOf(usage[workClass], orgId);

export const userUsage = (usage: UsageByClass, owner: Owner): Usage =>
  usageOf(orgUsage(usage, owner), owner.userId);

/** Computes the shares. They are valid until the usage changes. */
export function readShares(usage: UsageByClass, guarantees: Guarantees): Shares {
  const total = guarantees.interactive + guarantees.jobs;
  const free = total - heldBy(usage.interactive) - heldBy(usage.jobs);
  const levels = new Map<string, number>();
  const cached = (key: string, read: () => number): number => {
    const known = levels.get(key) ?? read();
    levels.set(key, known);
    return known;
  };
  const orgLevel = ({ workClass }: Owner): number =>
    cached(workClass, () =>
      fairLevel(usage[workClass].owners.values(), capacityOf(usage, guarantees, workClass)),
    );
  const userLevel = (owner: Owner): number =>
    cached(`${owner.workClass} ${owner.orgId}`, () =>
      fairLevel(orgUsage(usage, owner).owners.values(), orgLevel(owner)),
    );
  const isBelowGuarantee = (workClass: WorkClass) => heldBy(usage[workClass]) < guarantees[workClass];
  return {
    free,
    orgLevel,
    userLevel,
    isBelowGuarantee,
    canStart(owner) {
      const claims: Claims = { orgLevel: orgLevel(owner), userLevel: userLevel(owner) };
      const reserved = reservedFrom(usage, owner, claims, reserveOf(guarantees[owner.workClass]));
      return free - 1 >= reserved + reserveOfOther(usage, guarantees, owner.workClass);
    },
  };
}

type Claims = { readonly orgLevel: number; readonly userLevel: number };

/** Part of the reserve that is closed to an owner: none of it below its share, half for a user's first permit, else all. */
function reservedFrom(
  usage: UsageByClass,
  owner: Owner,
  { orgLevel, userLevel }: Claims,
  reserve: number,
): number {
  const org = orgUsage(usage, owner).running;
  const user = userUsage(usage, owner).running;
  const isOrgBelow = org === 0 || org + 1 <= orgLevel;
  // Rounded up: permits that users cannot share evenly still belong to their organisation.
  if (isOrgBelow && (user === 0 || user + 1 <= Math.ceil(userLevel))) return 0;
  if (user === 0 || user + 1 <= userLevel) return Math.floor(reserve / 2);
  return reserve;
}

/** Permits that a class divides: its guarantee without the reserve, and the unused part of the other class's guarantee. */
function capacityOf(usage: UsageByClass, guarantees: Guarantees, workClass: WorkClass): number {
  const other = otherClass(workClass);
  const needed = Math.min(demandOf(usage[other]), guarantees[other]);
  const lent = guarantees[other] - Math.max(needed, reserveOf(guarantees[other]));
  return guarantees[workClass] - reserveOf(guarantees[workClass]) + lent;
}

/** A class that borrows from the other one leaves it its reserve. */
function reserveOfOther(usage: UsageByClass, guarantees: Guarantees, workClass: WorkClass): number {
  if (heldBy(usage[workClass]) < guarantees[workClass]) return 0;
  const other = otherClass(workClass);
  const unused = Math.max(0, guarantees[other] - heldBy(usage[other]));
  return Math.min(reserveOf(guarantees[other]), unused);
}
