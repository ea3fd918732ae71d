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
 * The permit that has to end so that an owner gets its share: the one that runs longest of those beyond the share of
 * their user or organisation. None when the owner has its share, or nobody more than theirs. What an owner started
 * first is within its share, so that it comes to an end however many others come.
 */
export function findVictim(state: State, claimant: Owner): Victim | undefined {
  // An organisation below its share takes from others before its users take from one another.
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
  // Holders are in the order of their start.
  for (const holder of state.holders) {
    if (holder.isEnding || !isCandidate(holder) || !isWithinReach(state, claimant, holder)) continue;
    const exceeded = exceededBy(state, claimant, holder);
    if (exceeded) return { holder, ...exceeded };
  }
  return undefined;
}

/** Work of the other class ends only when that class has borrowed what this one is guaranteed; nobody ends their own. */
function isWithinReach({ usage, guarantees, shares }: State, claimant: Owner, holder: Owner): boolean {
  if (claimant.orgId === holder.orgId && claimant.userId === holder.userId) return false;
  if (claimant.workClass === holder.workClass) return true;
  const lender = otherClass(holder.workClass);
  return shares.isBelowGuarantee(lender) && heldBy(usage[holder.workClass]) > guarantees[holder.workClass];
}

type Exceeded = Omit<Victim, "holder"> | undefined;

/** Within an organisation, its users' shares count. */
function exceededByUser(state: State, claimant: Owner, holder: Holder): Exceeded {
  const { usage, shares } = state;
  const isBelow = userUsage(usage, claimant).running + 1 <= wholeShare(shares.userLevel(claimant));
  return isBelow ? beyondUser(state, holder) : undefined;
}

/** Between organisations, the organisations' shares count; of one beyond its share, the users beyond theirs lose. */
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

/** A share in whole permits. Nobody's is less than one. */
const wholeShare = (level: number): number => Math.max(1, Math.floor(level));
