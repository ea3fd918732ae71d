/**
 * Lifetime of a confirmed lease in milliseconds, from the time of the request. Stated in the contract.
 */
export const leaseMs = 20;

/** Delay between the commit of a change and its response. Longer than the lease, because clocks drift. */
const settleMs = 25;

/** Resolves when every lease that was confirmed before now has expired. */
export const leasesEnded = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));
