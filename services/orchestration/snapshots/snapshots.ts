import type { Logger } from "../../lib/telemetry/log.ts";
import { newId } from "../../lib/values/ids.ts";
import type { Snapshot } from "../connectors/connector.ts";
import { snapshotGone, tooManySnapshots } from "../errors.ts";

/**
 * Lease of a snapshot after its last use or renewal, in milliseconds.
 * @internal Exported for tests that advance the clock by it.
 */
export const leaseMs = 60_000;

/** Maximum of snapshots in one process. Each may hold a connection to its source. */
const snapshotsMax = 100;
/** Maximum of snapshots of one organisation, so that others find some free. */
const snapshotsOfOrgMax = 50;

/** The snapshots of this process. One of another organisation is reported as gone. */
export type Snapshots = AsyncDisposable & {
  /** Opens a snapshot under a new id. Unavailable (SERVICE_BUSY) if there are too many. */
  open(orgId: string, open: () => Promise<Snapshot>): Promise<{ snapshotId: string; snapshot: Snapshot }>;
  /** Borrows a snapshot. Its lease does not expire while it is borrowed. */
  use(orgId: string, snapshotId: string): BorrowedSnapshot;
  renew(orgId: string, snapshotId: string): void;
  /** Closes a snapshot, even if it is borrowed. */
  close(orgId: string, snapshotId: string): Promise<void>;
};

type BorrowedSnapshot = Disposable & {
  readonly snapshot: Snapshot;
  /** Aborts when the snapshot is closed. */
  readonly ended: AbortSignal;
};

type Lease = {
  readonly snapshot: Snapshot;
  readonly orgId: string;
  readonly ended: AbortController;
  timer: NodeJS.Timeout | undefined;
  users: number;
};

export function createSnapshots({ log }: { log: Logger }): Snapshots {
  const leases = new Map<string, Lease>();
  /** Organisation ids of the snapshots that are being opened. */
  const opening: string[] = [];

  async function end(snapshotId: string): Promise<void> {
    const lease = leases.get(snapshotId);
    if (!lease) return;
    leases.delete(snapshotId);
    clearTimeout(lease.timer);
    lease.ended.abort(snapshotGone());
    await lease.snapshot[Symbol.asyncDispose]();
  }

  const endLater = (snapshotId: string) => () =>
    void end(snapshotId).catch((err) => log.warn({ err, snapshotId }, "a snapshot is not closed properly"));

  function prolong(snapshotId: string, lease: Lease): void {
    clearTimeout(lease.timer);
    if (lease.users === 0 && leases.has(snapshotId)) {
      lease.timer = setTimeout(endLater(snapshotId), leaseMs).unref();
    }
  }

  function find(orgId: string, snapshotId: string): Lease {
    const lease = leases.get(snapshotId);
    if (lease?.orgId !== orgId) throw snapshotGone();
    return lease;
  }

  return {
    async open(orgId, open) {
      const ofOrg = [...leases.values()].filter((lease) => lease.orgId === orgId).length;
      const openingOfOrg = opening.filter((opened) => opened === orgId).length;
      if (ofOrg + openingOfOrg >= snapshotsOfOrgMax) throw tooManySnapshots(snapshotsOfOrgMax);
      if (leases.size + opening.length >= snapshotsMax) throw tooManySnapshots(snapshotsMax);
      opening.push(orgId);
      try {
        const snapshot = await open();
        const snapshotId = newId();
        const lease: Lease = { snapshot, orgId, ended: new AbortController(), timer: undefined, users: 0 };
        leases.set(snapshotId, lease);
        prolong(snapshotId, lease);
        if (snapshot.lost.aborted) endLater(snapshotId)();
        else snapshot.lost.addEventListener("abort", endLater(snapshotId), { once: true });
        return { snapshotId, snapshot };
      } finally {
        opening.splice(opening.indexOf(orgId), 1);
      }
    },
    use(orgId, snapshotId) {
      const lease = find(orgId, snapshotId);
      lease.users += 1;
      prolong(snapshotId, lease);
      return {
        snapshot: lease.snapshot,
        ended: lease.ended.signal,
        [Symbol.dispose]() {
          lease.users -= 1;
          prolong(snapshotId, lease);
        },
      };
    },
    renew: (orgId, snapshotId) => prolong(snapshotId, find(orgId, snapshotId)),
    async close(orgId, snapshotId) {
      if (leases.get(snapshotId)?.orgId === orgId) await end(snapshotId);
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([...leases.keys()].map(end));
    },
  };
}
