import type { Ledger } from "./ledger.ts";
import { orgUsage, type Shares, userUsage } from "./shares.ts";
import type { Waiter } from "./waiter.ts";

/**
 * The request that gets the next free permit. Order: the class below its guarantee, the organisation with the fewest
 * permits, its user with the fewest, arrival. Undefined if none may start.
 */
export function nextToStart(ledger: Ledger, shares: Shares): Waiter | undefined {
  if (shares.free <= 0) return undefined;
  let best: Ranked | undefined;
  for (const waiter of ledger.firstOfEachUser()) {
    if (!shares.canStart(waiter)) continue;
    const rank = rankOf(waiter, ledger, shares);
    if (!best || isBefore(rank, best.rank)) best = { waiter, rank };
  }
  return best?.waiter;
}

type Ranked = { readonly waiter: Waiter; readonly rank: readonly number[] };

function rankOf(waiter: Waiter, { usage }: Ledger, shares: Shares): readonly number[] {
  return [
    shares.isBelowGuarantee(waiter.workClass) ? 0 : 1,
    orgUsage(usage, waiter).running,
    userUsage(usage, waiter).running,
  ];
}

/** Whether a rank is lower. Equal ranks keep the order of arrival. */
function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const differing = one.findIndex((value, index) => value !== other[index]);
  return differing >= 0 && (one[differing] ?? 0) < (other[differing] ?? 0);
}
