import {
  type Guarantees,
  type Owner,
  orgUsage,
  otherClass,
  type Shares,
  type UsageByClass,
  userUsage,
} from "./shares.ts";
import { heldBy } from "./usage.ts";
import type { Holder } from "./waiter.ts";

export type Victim = { readonly holder: Holder; readonly of: "user" | "org"; readonly share: number };

type State = {
  readonly holders: ReadonlySet<Holder>;
  readonly usage: UsageByClass;
  readonly guarantees: Guarantees;
  readonly shares: Shares;
};

/**
 * Finds the permit to preempt so that the claimant gets its share: the longest-running one beyond the share of its user or
 * organisation. None if the claimant has its share or no other owner exceeds its own. An owner's earliest permits count as
 * within its share, so that they can finish under any load.
 */
export function findVictim(state: State, claimant: Owner): Victim | undefined {
  // Other organisations are considered first, then other users of the claimant's organisation.
  return (
    firstBeyond(state, claimant, (holder) => holder.orgId !== claimant.orgId, exceededByOrg) ??
    firstBeyond(state, claimant, (holder) => holder.orgId === claimant.orgId, exceededByUser)
  );
}

function firstBeyond(
  state: State,
  claimant: Owner,
  isCandidate: (holder: Holder) => boolean,
  exceededBy: typeof exceededByOrg,
): Victim | undefined {
  // Holders are in order of their start.
  for (const holder of state.holders) {
    if (holder.isEnding || !isCandidate(holder) || !isPreemptable(state, claimant, holder)) continue;
    const exceeded = exceededBy(state, claimant, holder);
    if (exceeded) return { holder, ...exceeded };
  }
  return undefined;
}

/** A user's own work is never preempted, and the other class's only while it borrows from this class's guarantee. */
function isPreemptable({ usage, guarantees, shares }: State, claimant: Owner, holder: Owner): boolean {
  if (claimant.orgId === holder.orgId && claimant.userId === holder.userId) return false;
  if (claimant.workClass === holder.workClass) return true;
  const lender = otherClass(holder.workClass);
  return shares.isBelowGuarantee(lender) && heldBy(usage[holder.workClass]) > guarantees[holder.workClass];
}

type Exceeded = Omit<Victim, "holder"> | undefined;

/** Within an organisation, the shares of its users decide. */
function exceededByUser(state: State, claimant: Owner, holder: Holder): Exceeded {
  const { usage, shares } = state;
  const isBelow = userUsage(usage, claimant).running + 1 <= wholeShare(shares.userLevel(claimant));
  return isBelow ? beyondUser(state, holder) : undefined;
}

/** Between organisations, their shares decide. Of an organisation beyond its share, users beyond theirs are preempted. */
function exceededByOrg(state: State, claimant: Owner, holder: Holder): Exceeded {
  const { usage, shares } = state;
  const isBelow =
    orgUsage(usage, claimant).running + 1 <= wholeShare(shares.orgLevel(claimant)) &&
    userUsage(usage, claimant).running + 1 <= Math.ceil(shares.userLevel(claimant));
  const isBeyond =
    orgUsage(usage, holder).running > wholeShare(shares.orgLevel(holder)) &&
    userUsage(usage, holder).running > shares.userLevel(holder);
  return isBelow && isBeyond ? (beyondUser(state, holder) ?? beyondOrg(state, holder)) : undefined;
}

function beyondUser({ holders, shares }: State, holder: Holder): Exceeded {
  const share = wholeShare(shares.userLevel(holder));
  const isOfUser = (one: Owner) => isOfOrg(one, holder) && one.userId === holder.userId;
  return startedBefore(holders, holder, isOfUser) >= share ? { of: "user", share } : undefined;
}

function beyondOrg({ holders, shares }: State, holder: Holder): Exceeded {
  const share = wholeShare(shares.orgLevel(holder));
  const before = startedBefore(holders, holder, (one) => isOfOrg(one, holder));
  return before >= share ? { of: "org", share } : undefined;
}

const isOfOrg = (one: Owner, other: Owner): boolean =>
  one.workClass === other.workClass && one.orgId === other.orgId;

function startedBefore(
  holders: ReadonlySet<Holder>,
  holder: Holder,
  isCounted: (one: Owner) => boolean,
): number {
  return [...holders].filter((one) => !one.isEnding && isCounted(one)).indexOf(holder);
}

/** A share in whole permits, at least one. */
const wholeShare = (level: number): number => Math.max(1, Math.floor(level));
