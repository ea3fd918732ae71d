import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLog } from "../../services/lib/telemetry/log.ts";
import type { Snapshot } from "../../services/orchestration/connectors/connector.ts";
import { createSnapshots, leaseMs } from "../../services/orchestration/snapshots/snapshots.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const orgId = crypto.randomUUID();

function openedSnapshot(): Snapshot & { disposals: number } {
  return {
    name: "sha256:0",
    repeatable: true,
    time: new Date(),
    tables: [],
    chunks: [],
    lost: new AbortController().signal,
    disposals: 0,
    async *extract() {
      yield new Uint8Array();
      return { rowCount: 0, columns: [] };
    },
    async [Symbol.asyncDispose]() {
      this.disposals += 1;
    },
  };
}

async function open() {
  const snapshots = createSnapshots({ log: createLog("test", { logLevel: "silent" }) });
  const snapshot = openedSnapshot();
  const { snapshotId } = await snapshots.open(orgId, async () => snapshot);
  return { snapshots, snapshot, snapshotId };
}

test("a snapshot that nobody uses or renews is gone after its lease", async () => {
  const { snapshots, snapshot, snapshotId } = await open();
  vi.advanceTimersByTime(leaseMs - 1);
  snapshots.renew(orgId, snapshotId);
  vi.advanceTimersByTime(leaseMs - 1);
  expect(snapshot.disposals).toBe(0);
  vi.advanceTimersByTime(1);
  expect(snapshot.disposals).toBe(1);
  expect(() => snapshots.renew(orgId, snapshotId)).toThrow("the snapshot is gone");
});

test("a snapshot stays while it is used, and a whole lease longer", async () => {
  const { snapshots, snapshot, snapshotId } = await open();
  {
    using _first = snapshots.use(orgId, snapshotId);
    using _second = snapshots.use(orgId, snapshotId);
    snapshots.renew(orgId, snapshotId);
    vi.advanceTimersByTime(10 * leaseMs);
  }
  vi.advanceTimersByTime(leaseMs - 1);
  expect(snapshot.disposals).toBe(0);
  vi.advanceTimersByTime(1);
  expect(snapshot.disposals).toBe(1);
});

test("the end of the process ends every snapshot once, and tells who uses it", async () => {
  const { snapshots, snapshot, snapshotId } = await open();
  const { ended } = snapshots.use(orgId, snapshotId);
  await snapshots[Symbol.asyncDispose]();
  expect(ended.reason).toMatchObject({ rawMessage: expect.stringContaining("the snapshot is gone") });
  vi.advanceTimersByTime(leaseMs);
  expect(snapshot.disposals).toBe(1);
});

test("Unavailable: one snapshot more than an organisation, or a process, keeps; one that is closed makes room", async () => {
  const { snapshots, snapshotId } = await open();
  const openFor = (org: string) => snapshots.open(org, async () => openedSnapshot());
  for (let count = 1; count < 50; count += 1) await openFor(orgId);
  await expect(openFor(orgId)).rejects.toThrow("50 snapshots are open");
  for (let count = 50; count < 100; count += 1) await openFor(`another ${count % 2}`);
  await expect(openFor("a third one")).rejects.toThrow("100 snapshots are open");
  await snapshots.close(orgId, snapshotId);
  await openFor("a third one");
});
