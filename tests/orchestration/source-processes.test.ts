import { monitorEventLoopDelay } from "node:perf_hooks";
import { Code, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { listProcesses, untilGone } from "../lib/processes.ts";
import { temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { extractChunk, plan, tablesOf } from "./extracts.ts";
import { createDatabaseSource, type ForeignDatabase, startForeignDatabase } from "./foreign-database.ts";
import { eventually, failureOf, type Orchestration, startOrchestration, type User } from "./orchestration.ts";
import { spawnOrchestration } from "./spawn-orchestration.ts";

let mesh: Orchestration;
let foreign: ForeignDatabase;
beforeEach(async () => {
  mesh = await startOrchestration();
  foreign = await startForeignDatabase();
});
afterEach(async () => {
  await foreign[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

type Owner = { user: User; sourceId: string };

async function newOwner(): Promise<Owner> {
  const user = mesh.user();
  return { user, sourceId: await createDatabaseSource(mesh, user, foreign) };
}

/** Tests a source in a new session. */
async function isReached({ user }: Owner): Promise<void> {
  const { connected } = await user.connectors.testConnection({
    connector: "postgresql",
    settings: foreign.settings,
  });
  expect(connected).toBe(true);
}

/** Starts statements that do not end, and waits until they run. */
async function sleepFor({ user, sourceId }: Owner, ...timeouts: bigint[]) {
  const sql = "select pg_sleep(600)";
  const calls = timeouts.map((seconds) =>
    failureOf(user.executions.executeQuery({ sourceId, sql, timeout: { seconds } })),
  );
  await eventually(async () => (await sleeping()).length).toBe(timeouts.length);
  return calls;
}

const sleeping = () => foreign.sql`select 1 from pg_stat_activity where wait_event = 'PgSleep'`;

/** Processes of sources. During the first request there is no spare one. */
const processes = async (parent = process.pid) =>
  (await listProcesses())
    .filter(({ args, ppid }) => ppid === parent && args.includes("source-process.ts"))
    .map(({ pid }) => pid);

test("DeadlineExceeded: a process that does nothing any more is killed, and only its source's calls end with it", async () => {
  const [frozen, well] = [await newOwner(), await newOwner()];
  const delay = monitorEventLoopDelay();
  delay.enable();
  const calls = await sleepFor(frozen, 12n, 300n);
  const stopped = await processes();
  expect(stopped).toHaveLength(1);
  // As if it hashed a password a billion times.
  for (const pid of stopped) process.kill(pid, "SIGSTOP");
  await isReached(well);
  const [overdue, cut] = await Promise.all(calls);
  expect(overdue).toMatchObject({
    code: Code.DeadlineExceeded,
    message: "the statement ran longer than the 12 s that `timeout` allows",
  });
  expect(cut).toEqual({
    code: Code.Unavailable,
    reason: "SOURCE_UNREACHABLE",
    fields: [],
    message: "the source was cut off: it kept its connection's process busy beyond its deadline",
  });
  await untilGone(stopped);
  await isReached(frozen);
  await isReached(well);
  delay.disable();
  expect(delay.max / 1e9).toBeLessThan(3);
});

test("Unavailable: a process that crashes takes the calls of its source along, and its snapshots", async () => {
  const [crashing, well] = [await newOwner(), await newOwner()];
  await foreign.sql.unsafe("create table t (n int); grant select on t to public");
  const { t = "" } = await tablesOf(crashing.user, crashing.sourceId);
  const planned = await plan(crashing.user, crashing.sourceId, [t]);
  const [first] = await processes();
  const calls = await sleepFor(crashing, 300n);
  process.kill(first ?? 0, "SIGKILL");
  await isReached(well);
  expect(await Promise.all(calls)).toEqual([
    {
      code: Code.Unavailable,
      reason: "SOURCE_UNREACHABLE",
      fields: [],
      message: "the source was cut off: the process that speaks to it crashed",
    },
  ]);
  const { snapshotId } = planned;
  const renewed = () =>
    failureOf(crashing.user.extracts.renewSnapshot({ snapshotId })).catch(() => "renewed");
  await eventually(renewed).toMatchObject({ reason: "SNAPSHOT_GONE" });
  await isReached(crashing);
});

test("Unavailable: a process that crashes while it copies; what came before is not taken for the whole", async () => {
  const owner = await newOwner();
  await foreign.sql.unsafe(`
    create view slow as select n, case when n = 900 then pg_sleep(600)::text end as wait
      from generate_series(1, 1000) as n;
    grant select on slow to public`);
  const { slow = "" } = await tablesOf(owner.user, owner.sourceId);
  const planned = await plan(owner.user, owner.sourceId, [slow]);
  const [first] = await processes();
  const call = failureOf(extractChunk(owner.user, planned, { tableIndex: 0, range: "all" }));
  await eventually(async () => (await sleeping()).length).toBe(1);
  process.kill(first ?? 0, "SIGKILL");
  expect(await call).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
});

test("one process a source of an organisation, whoever asks and how often; none before the first", async () => {
  const [first, second] = [await newOwner(), await newOwner()];
  expect(await processes()).toEqual([]);
  const colleague = { ...first, user: mesh.user({ orgId: first.user.who.orgId }) };
  const calls = [...(await sleepFor(first, 300n))];
  expect(await processes()).toHaveLength(1);
  const more = failureOf(
    colleague.user.executions.executeQuery({ sourceId: colleague.sourceId, sql: "select pg_sleep(601)" }),
  );
  await eventually(async () => (await sleeping()).length).toBe(2);
  expect(await processes()).toHaveLength(1);
  // Another organisation's source has the same settings.
  await isReached(second);
  expect((await processes()).length).toBeGreaterThan(1);
  for (const pid of await processes()) process.kill(pid, "SIGKILL");
  for (const failure of await Promise.all([...calls, more])) {
    expect(failure).toMatchObject({ code: Code.Unavailable });
  }
});

test("nothing is left of a service that stops, or that is killed", async () => {
  await using folder = await temporaryFolder();
  await using spawned = await spawnOrchestration(mesh, folder.path, { SOURCE_ADDRESS_ALLOW: "127.0.0.0/8" });
  const owner = await newOwner();
  await isReached(owner);
  const ours = await processes();
  await mesh.stop();
  expect(ours.length).toBeGreaterThan(0);
  await untilGone(ours);

  using transport = transportAs(spawned.address, owner.user.who, "edge");
  const call = failureOf(
    createClient(ExecutionService, transport).executeQuery({
      sourceId: owner.sourceId,
      sql: "select pg_sleep(600)",
    }),
  );
  await eventually(async () => (await sleeping()).length).toBe(1);
  const children = await processes(spawned.pid);
  expect(children).toHaveLength(1);
  await spawned.kill();
  await call;
  await untilGone(children);
});
