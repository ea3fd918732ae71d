import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundTimeoutMs, usualDeadlines } from "../../edge/http/deadline.ts";
import { CatalogService } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import { ExecutionService } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { startTestEdge, type TestEdge, tokenOf } from "../edge/lib/test-edge.ts";
import { startService, temporaryFolder } from "../lib/test-mesh.ts";
import { createHeldSource } from "./held-source.ts";
import { configOf, eventually, type Orchestration, startOrchestration, type User } from "./orchestration.ts";

// Queries through the edge. Its deadline for other calls is set shorter than a query takes.

const otherCallsMs = 300;
const stack = new AsyncDisposableStack();
let mesh: Orchestration;
let edge: TestEdge;
beforeAll(async () => {
  mesh = stack.use(await startOrchestration());
  const folder = stack.use(await temporaryFolder());
  const config = configOf({ databaseUrl: mesh.config.databaseUrl, folder: folder.path, peers: mesh.peers });
  const service = stack.use(await startService(run, config));
  edge = stack.use(
    await startTestEdge({
      services: [ExecutionService, CatalogService],
      upstreams: { orchestration: service.address },
      deadlines: { defaultMs: otherCallsMs, maxMs: 60_000 },
    }),
  );
});
afterAll(() => stack.disposeAsync());

const headersOf = ({ who }: User) => tokenOf(who.orgId, who.userId);

function post(
  user: User,
  path: string,
  body: object,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  const { timeoutMs, signal } = options;
  return fetch(edge.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...headersOf(user),
      ...(timeoutMs !== undefined && { "connect-timeout-ms": String(timeoutMs) }),
    },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

const problemOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { message: string; details: { reason?: string }[] } };
  return {
    status: response.status,
    reason: error.details.find(({ reason }) => reason)?.reason,
    message: error.message,
  };
};

test("OK: the call's deadline leaves a statement all the time that it may ask for", () => {
  const timeoutMs = boundTimeoutMs(ExecutionService.method.executeQuery, undefined, usualDeadlines);
  expect(timeoutMs).toBeGreaterThan(300_000);
  expect(boundTimeoutMs(CatalogService.method.discover, undefined, usualDeadlines)).toBeGreaterThan(300_000);
});

test("OK: a query that takes longer than other calls may, over REST, Connect and gRPC", async () => {
  const user = mesh.user();
  const { sourceId, release } = await createHeldSource(mesh, user);
  const statement = { sourceId, sql: "FROM held" };
  const over = (transport: Transport) =>
    createClient(ExecutionService, transport)
      .executeQuery({ ...statement, timeout: { seconds: 45n } }, { headers: headersOf(user) })
      .then(({ rows }) => rows.length);
  const overRest = async () => {
    const response = await post(user, "/api/v1/execute", { ...statement, timeout: "45s" });
    return ((await response.json()) as { rows: unknown[] }).rows.length;
  };
  const responses = Promise.all([
    overRest(),
    over(createConnectTransport({ baseUrl: edge.url, httpVersion: "1.1" })),
    over(createGrpcTransport({ baseUrl: edge.url })),
  ]);
  const running = async () => (await user.executions.listExecutions({})).executions.length;
  await eventually(running).toBe(3);
  // A query's deadline is longer than that of other calls.
  const late = await post(user, "/api/v1/catalog:discover", { sourceId }, { timeoutMs: 2 * otherCallsMs });
  expect(await problemOf(late)).toMatchObject({ status: 504, reason: "DEADLINE_PASSED" });
  release();
  expect(await responses).toEqual([1, 1, 1]);
});

test("DeadlineExceeded: the caller's own deadline over REST, told apart from the limits in answer and record", async () => {
  const user = mesh.user();
  const { sourceId, release } = await createHeldSource(mesh, user);
  const statement = { sourceId, sql: "FROM held", timeout: "45s" };
  const response = await post(user, "/api/v1/execute", statement, { timeoutMs: 2_000 });
  expect(await problemOf(response)).toEqual({
    status: 504,
    reason: "DEADLINE_PASSED",
    // If the edge notices first, the message is the edge's.
    message: expect.stringMatching(/^the (caller's own deadline of (2|1\.\d) s|deadline) passed$/),
  });
  const record = async () => (await user.executions.listExecutions({})).executions[0]?.errorMessage;
  await eventually(record).toMatch(/^the caller's own deadline of (2|1\.\d) s passed$/);
  release();
});

test("Unavailable: a full queue, over REST with Retry-After", async () => {
  const user = mesh.user();
  const { sourceId, release } = await createHeldSource(mesh, user);
  const leave = new AbortController();
  const statement = { sourceId, sql: "FROM held", timeout: "45s" };
  // Nine run and 32 are queued.
  const sent = Array.from({ length: 9 + 32 + 1 }, () =>
    post(user, "/api/v1/execute", statement, { signal: leave.signal }),
  );
  const refused = await Promise.race(sent);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await problemOf(refused)).toEqual({
    status: 503,
    reason: "SERVICE_BUSY",
    message: expect.stringMatching(/: try again in \d+(\.\d)? s$/),
  });
  leave.abort();
  await Promise.allSettled(sent);
  release();
});

test("OK: an execution is cancelled over REST; its own call is told with 409", async () => {
  const user = mesh.user();
  const { sourceId, release } = await createHeldSource(mesh, user);
  const call = post(user, "/api/v1/execute", { sourceId, sql: "FROM held" });
  const id = async () => (await user.executions.listExecutions({})).executions[0]?.executionId;
  await eventually(id).toBeDefined();
  const cancelled = await post(user, `/api/v1/executions/${await id()}:cancel`, {}, { timeoutMs: 60_000 });
  expect(await cancelled.json()).toMatchObject({ execution: { state: "EXECUTION_STATE_CANCELLED" } });
  expect(await problemOf(await call)).toEqual({
    status: 409,
    reason: "EXECUTION_CANCELLED",
    message: `cancelled by user ${user.who.userId}`,
  });
  release();
});
