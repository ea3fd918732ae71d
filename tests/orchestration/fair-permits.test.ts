import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { listProcesses } from "../lib/processes.ts";
import { createHeldSource } from "./held-source.ts";
import {
  createFileSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

/** The scheduler's longest wait, in milliseconds. */
const queueWaitMsMax = 10_000;
const longQueries = 40;
/** Computes on every thread it gets, until it is cancelled. */
const burner = "SELECT sum(hash(a.range) % 7) FROM range(1000000000) AS a, range(1000) AS b";

const mesh = forFile(startOrchestration);

const statesOf = async ({ who }: User) => {
  const rows = await mesh().database.sql`
    select state, count(*)::int as count from orchestration.executions
    where creator_user_id = ${who.userId} group by state`;
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};

const engines = async () =>
  (await listProcesses()).filter(
    ({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"),
  );

type Small = { readonly user: User; readonly sourceId: string };

async function smallOf(user: User): Promise<Small> {
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  // Prepares the file.
  await query(user, sourceId, "FROM n");
  return { user, sourceId };
}

async function timeOf({ user, sourceId }: Small): Promise<number> {
  const begun = performance.now();
  expect((await query(user, sourceId, "SELECT sum(n) FROM n")).rows).toEqual([["1"]]);
  return performance.now() - begun;
}

test("OK: 40 long queries of one user, and everybody else's small query is answered meanwhile", async () => {
  const greedy = mesh().user();
  const greedySource = await createFileSource(mesh(), greedy, "n.csv", "n\n1\n");
  const smalls = await Promise.all([
    ...Array.from({ length: 3 }, () => smallOf(mesh().user())),
    ...Array.from({ length: 3 }, () => smallOf(mesh().user({ orgId: greedy.who.orgId }))),
  ]);
  const leave = new AbortController();
  const request = { sourceId: greedySource, sql: burner, timeout: { seconds: 300n } };
  const long = Array.from({ length: longQueries }, () =>
    failureOf(greedy.executions.executeQuery(request, { signal: leave.signal })),
  );
  // Nine of them, and the spare process.
  await eventually(async () => (await engines()).length).toBeGreaterThan(9);
  const times: number[] = [];
  for (const small of smalls) times.push(await timeOf(small));
  console.log(`small queries beside ${longQueries} long ones: ${times.map(Math.round).join(", ")} ms`);
  leave.abort();
  await Promise.all(long);
  // Their permits are free again. On a slow machine some waited longer than allowed.
  await eventually(async () => {
    const { cancelled = 0, failed = 0, ...others } = await statesOf(greedy);
    return { ended: cancelled + failed, others };
  }).toEqual({ ended: longQueries, others: {} });
  // A few tenths of a second where nothing else runs. A machine that is busy with other things takes longer for each, but a
  // long query does not end by itself: who waited for one would wait until the queue gives up.
  expect(Math.max(...times)).toBeLessThan(queueWaitMsMax);
});

test("Aborted: what runs longest beyond a user's share makes room; its record says so", async () => {
  const greedy = mesh().user();
  const held = await createHeldSource(mesh(), greedy);
  const late = mesh().user();
  const heldLate = await createHeldSource(mesh(), late);
  const ask = (user: User, sourceId: string) => user.executions.executeQuery({ sourceId, sql: "FROM held" });
  const asked = Array.from({ length: 9 }, () => ask(greedy, held.sourceId));
  const failed = Promise.any(asked.map((call) => failureOf(call)));
  await eventually(() => statesOf(greedy)).toEqual({ running: 9 });
  const lateAsked = Array.from({ length: 5 }, () => ask(late, heldLate.sourceId));
  expect(await failed).toEqual({
    code: Code.Aborted,
    reason: "EXECUTION_PREEMPTED",
    fields: [],
    message: expect.stringMatching(
      /^ended to make room for others: it ran longest \([\d.]+ m?s\) beyond its user's share of [4-8]; try again$/,
    ),
  });
  await eventually(async () => (await statesOf(greedy)).cancelled).toBeGreaterThan(0);
  held.release();
  heldLate.release();
  for (const response of await Promise.all(lateAsked)) expect(response.rows).toHaveLength(1);
  const outcomes = await Promise.allSettled(asked);
  const responded = outcomes.filter(({ status }) => status === "fulfilled");
  // Permits within their share are not preempted.
  expect(responded.length).toBeGreaterThanOrEqual(4);
  expect(await statesOf(greedy)).toEqual({ succeeded: responded.length, cancelled: 9 - responded.length });
});
