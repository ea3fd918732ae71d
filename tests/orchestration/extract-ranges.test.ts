import { Code } from "@connectrpc/connect";
import { beforeAll, expect, test } from "vitest";
import type { PlanChunksResponse } from "../../gen/sluice/orchestration/v1/extracts_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { listProcesses } from "../lib/processes.ts";
import { leftFiles } from "./engine-processes.ts";
import { extractChunk, plan, readParquet, tablesOf } from "./extracts.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { eventually, failureOf, startOrchestration } from "./orchestration.ts";

const rowCount = 6000;
const rangeCount = 2;

let tables: Record<string, string>;
const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const sourceId = forFile(() => createDatabaseSource(mesh(), user(), foreign()));
beforeAll(async () => {
  // Policies run within a COPY. This one blocks each COPY in the middle while another session holds the lock.
  await foreign().sql.unsafe(`
    create table ranged (id int, price numeric(5,2));
    insert into ranged select n, n % 100 from generate_series(1, ${rowCount}) as n;
    create function wait(id int) returns boolean language plpgsql as $$
      begin
        if id % 1000 = 500 then perform pg_advisory_lock_shared(43); end if;
        return true;
      end $$;
    create table waiting as select * from ranged;
    alter table waiting enable row level security;
    create policy waiting on waiting using (wait(id));
    create table broken as select * from ranged;
    update broken set price = 'NaN' where id = ${rowCount};

    analyze ranged, waiting, broken;
    grant select on all tables in schema public to public`);
  await foreign().sql`vacuum full broken`;
  await foreign().sql`analyze`;
  tables = await tablesOf(user(), sourceId());
});

const planOf = (name: string, chunkRows = rowCount / rangeCount): Promise<PlanChunksResponse> =>
  plan(user(), sourceId(), [tables[name] ?? ""], { chunkRows: BigInt(chunkRows) });
/** PostgreSQL's planner estimates that a policy selects a third of the rows. */
const waitingPlan = () => planOf("waiting", rowCount / rangeCount / 3);

const copies = () => foreign().sql<{ pid: number }[]>`
  select pid from pg_stat_activity where query like 'copy %' and state = 'active'
    and usename = ${String(foreign().settings.user)}`;
const waiting = () => foreign().sql`
  select pid from pg_stat_activity where wait_event = 'advisory' and query like 'copy %'
    and usename = ${String(foreign().settings.user)}`;

async function holdAll(): Promise<AsyncDisposable> {
  const connection = await foreign().sql.reserve();
  await connection`select pg_advisory_lock(43)`;
  return {
    async [Symbol.asyncDispose]() {
      await connection`select pg_advisory_unlock(43)`;
      connection.release();
    },
  };
}

const busyEngines = async () =>
  (await listProcesses()).filter(
    ({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"),
  );

test("OK: ranges that are read at the same time have the rows of one snapshot, in their order, each once", async () => {
  const planned = await planOf("ranged");
  expect(planned.chunks).toHaveLength(rangeCount);
  // Changes after the plan are invisible to every range, in any order.
  await foreign().sql`update ranged set id = -id where id % 2 = 0`;
  await foreign().sql`insert into ranged select n, 0 from generate_series(100000, 103000) as n`;
  const extracted = await Promise.all(
    planned.chunks.toReversed().map((chunk) => extractChunk(user(), planned, chunk)),
  );
  const rows = await Promise.all(extracted.toReversed().map(({ bytes }) => readParquet(bytes)));
  expect(rows.flat().map(({ id }) => id)).toEqual(Array.from({ length: rowCount }, (_, index) => index + 1));
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
});

test("Unavailable: the server goes while several ranges are read; all of them fail, and nothing is left", async () => {
  const planned = await waitingPlan();
  await using _hold = await holdAll();
  const calls = planned.chunks.map((chunk) => failureOf(extractChunk(user(), planned, chunk)));
  await eventually(async () => (await waiting()).length).toBe(rangeCount);
  for (const socket of foreign().connections) socket.destroy();
  for (const failure of await Promise.all(calls)) {
    expect(failure).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
  }
  await eventually(() => leftFiles(mesh().folder)).toEqual([]);
  await eventually(async () => (await busyEngines()).length).toBeLessThanOrEqual(rangeCount);
});

test("Canceled: who gives up one range leaves the others alone", async () => {
  const planned = await waitingPlan();
  const given = new AbortController();
  const calls: Promise<unknown>[] = [];
  {
    await using _hold = await holdAll();
    const [first, ...others] = planned.chunks;
    const { snapshotId } = planned;
    const { tableIndex = 0, range = "" } = first ?? {};
    const parts = user().extracts.extractChunk({ snapshotId, tableIndex, range }, { signal: given.signal });
    const call = failureOf(Array.fromAsync(parts));
    calls.push(...others.map((chunk) => extractChunk(user(), planned, chunk)));
    await eventually(async () => (await waiting()).length).toBe(rangeCount);
    given.abort();
    expect(await call).toMatchObject({ code: Code.Canceled });
    await eventually(async () => (await copies()).length).toBe(rangeCount - 1);
  }
  expect(await Promise.all(calls)).toHaveLength(rangeCount - 1);
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
});

test("FailedPrecondition: a range with a value that its file can't have names the column; the others are whole", async () => {
  const planned = await planOf("broken");
  expect(planned.chunks).toHaveLength(rangeCount);
  const results = await Promise.allSettled(
    planned.chunks.map((chunk) => extractChunk(user(), planned, chunk)),
  );
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  const last = planned.chunks.at(-1);
  expect(await failureOf(extractChunk(user(), planned, last ?? { tableIndex: 0, range: "" }))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    message: `the table public.broken can't be read: column "price": NaN has no place in DECIMAL(5,2)`,
  });
  await user().extracts.closeSnapshot({ snapshotId: planned.snapshotId });
});

test("FailedPrecondition: somebody waits to drop a table of the plan; the snapshot makes room", async () => {
  await foreign().sql`create table short_lived (id int)`;
  await foreign().sql`grant select on short_lived to public`;
  const { short_lived: tableId = "" } = await tablesOf(user(), sourceId());
  const planned = await plan(user(), sourceId(), [tableId]);
  const dropped = foreign().sql`drop table short_lived`.then(() => "dropped");
  const waits = () => foreign().sql`select from pg_locks where mode = 'AccessExclusiveLock' and not granted`;
  await eventually(async () => (await waits()).length).toBe(1);
  const [chunk = { tableIndex: 0, range: "" }] = planned.chunks;
  expect(await failureOf(extractChunk(user(), planned, chunk))).toMatchObject({
    code: Code.FailedPrecondition,
    reason: "SNAPSHOT_GONE",
  });
  expect(await dropped).toBe("dropped");
  expect(await failureOf(plan(user(), sourceId(), [tableId]))).toMatchObject({ reason: "SOURCE_CHANGED" });
});
