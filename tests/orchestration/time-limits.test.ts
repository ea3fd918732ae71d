import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExecutionState } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { timedOut } from "../../services/orchestration/errors.ts";
import { startLimitTimer } from "../../services/orchestration/executions/limit-timer.ts";
import {
  formatTime,
  leastRemaining,
  type TimeLimit,
} from "../../services/orchestration/timing/time-limit.ts";
import { createHeldSource } from "./held-source.ts";
import {
  createFileSource,
  eventually,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

const server: TimeLimit = { ms: 300_000, setBy: "server" };
const request = (ms: number): TimeLimit => ({ ms, setBy: "request" });
const caller = (ms: number): TimeLimit => ({ ms, setBy: "caller" });

test.each<[TimeLimit[], number, TimeLimit["setBy"], number]>([
  [[server, request(60_000)], 0, "request", 60_000],
  [[server, request(300_000)], 0, "server", 300_000],
  [[server, { ms: 30_000, setBy: "default" }], 10_000, "default", 20_000],
  [[server, request(60_000), caller(20_000)], 0, "caller", 20_000],
  [[server, request(60_000), caller(90_000)], 61_000, "request", 0],
])("OK: of %j after %i ms the least is that of the %s", (limits, usedMs, setBy, leftMs) => {
  expect(leastRemaining(limits, () => usedMs)).toMatchObject({ limit: { setBy }, leftMs });
});

test.each<[TimeLimit, number | undefined, string]>([
  [request(60_000), 0, "the statement ran longer than the 60 s that `timeout` allows"],
  [server, 40, "the statement ran longer than the 5 min that the server allows"],
  [
    { ms: 30_000, setBy: "default" },
    1_234,
    "the statement ran longer than the 30 s that it gets without a `timeout`, 1.2 s of it in the queue",
  ],
  [request(500), undefined, "the statement was still in the queue after the 500 ms that `timeout` allows"],
])("DeadlineExceeded: %j, after %s ms in the queue", async (limit, waitedMs, text) => {
  expect(await failureOf(Promise.reject(timedOut("the statement", limit, waitedMs)))).toEqual({
    code: Code.DeadlineExceeded,
    reason: "EXECUTION_LIMIT",
    fields: [],
    message: text,
  });
});

test("OK: times in the unit that people say", () => {
  expect([20, 949, 996, 1_500, 60_000, 90_000, 300_000].map(formatTime)).toEqual([
    "20 ms",
    "949 ms",
    "1 s",
    "1.5 s",
    "60 s",
    "90 s",
    "5 min",
  ]);
});

test("DeadlineExceeded: the call's own deadline, a little before it passes", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const begun = performance.now();
  using _timer = startLimitTimer({ subject: "the statement", limits: [server] }, 1_000, resolve);
  const error = await promise;
  expect(performance.now() - begun).toBeGreaterThan(850);
  expect(await failureOf(Promise.reject(error))).toMatchObject({
    code: Code.DeadlineExceeded,
    reason: "DEADLINE_PASSED",
    message: "the caller's own deadline of 1 s passed",
  });
});

describe("a statement that does not end", () => {
  let mesh: Orchestration;
  beforeAll(async () => {
    mesh = await startOrchestration();
  });
  afterAll(() => mesh[Symbol.asyncDispose]());

  const recordOf = async ({ executions }: User) => (await executions.listExecutions({})).executions[0];
  const endless = "SELECT count(*) FROM range(1000000000000000)";

  test("DeadlineExceeded: fails by the caller's own deadline, and its record says so", async () => {
    const user = mesh.user();
    const sourceId = await createFileSource(mesh, user, "n.csv", "n\n1\n");
    const statement = { sourceId, sql: endless, timeout: { seconds: 60n } };
    const failure = await failureOf(user.executions.executeQuery(statement, { timeoutMs: 2_000 }));
    expect(failure.code).toBe(Code.DeadlineExceeded);
    await eventually(() => recordOf(user)).toMatchObject({
      state: ExecutionState.FAILED,
      // The time on the way to the service is subtracted.
      errorMessage: expect.stringMatching(/^the caller's own deadline of (2|1\.\d) s passed$/),
    });
  });

  test("DeadlineExceeded: a statement that waits all of its time for a permit", async () => {
    const user = mesh.user();
    const { sourceId, release } = await createHeldSource(mesh, user);
    const running = Array.from({ length: 9 }, () => query(user, sourceId, "FROM held"));
    const count = async () => (await user.executions.listExecutions({})).executions.length;
    await eventually(count).toBe(9);
    const late = { sourceId, sql: "SELECT 'late'", timeout: { seconds: 1n } };
    const message = "the statement was still in the queue after the 1 s that `timeout` allows";
    expect(await failureOf(user.executions.executeQuery(late))).toMatchObject({
      code: Code.DeadlineExceeded,
      reason: "EXECUTION_LIMIT",
      message,
    });
    const { executions } = await user.executions.listExecutions({});
    expect(executions.find(({ sql }) => sql === late.sql)).toMatchObject({
      state: ExecutionState.FAILED,
      errorMessage: message,
    });
    release();
    await Promise.all(running);
  });
});
