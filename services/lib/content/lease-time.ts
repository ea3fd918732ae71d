/**
 * How long a confirmed lease may be used, in milliseconds from when its confirmation was asked for. Stands in the contract.
 */
export const leaseMs = 20;

/** How long after its commit a change waits until it is answered: longer, for clocks that go at different speeds. */
const settleMs = 25;

/** Resolves when nobody uses a confirmation any more that is older than what was committed just now. */
export const leasesEnded = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs));
