import { randomUUID } from "node:crypto";
import { Code, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExecutionService, ExecutionState } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { run } from "../../services/orchestration/run.ts";
import { forFile } from "../lib/for-file.ts";
import { startService, temporaryFolder, transportAs } from "../lib/test-mesh.ts";
import { createHeldSource } from "./held-source.ts";
import {
  configOf,
  createFileSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

const mesh = forFile(startOrchestration);

const endless = "SELECT count(*) FROM range(1000000000000000)";

type Executions = User["executions"];

/** Starts a statement that does not end. Returns the execution's id once its row exists. */
async function startEndless(user: User, { executions = user.executions }: { executions?: Executions } = {}) {
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const call = failureOf(executions.executeQuery({ sourceId, sql: endless, timeout: { seconds: 300n } }));
  const ids = async () => {
    const found = await user.executions.listExecutions({ sourceId });
    return found.executions.map(({ executionId }) => executionId);
  };
  await eventually(async () => (await ids()).length).toBe(1);
  const [executionId = ""] = await ids();
  return { call, executionId };
}

const cancelledBy = ({ who }: User) => ({
  code: Code.Canceled,
  reason: "EXECUTION_CANCELLED",
  fields: [],
  message: `cancelled by user ${who.userId}`,
});

test.each(["viewer", "editor"])(
  "OK: a %s cancels an execution of their own, as often as they like",
  async (role) => {
    const user = mesh().user({ roles: [role] });
    const owner = mesh().user({ ...user.who, roles: ["admin"] });
    const { call, executionId } = await startEndless(owner, { executions: user.executions });
    const { execution } = await user.executions.cancelExecution({ executionId });
    expect(execution).toMatchObject({
      executionId,
      state: ExecutionState.CANCELLED,
      errorMessage: `cancelled by user ${user.who.userId}`,
    });
    expect(execution?.endTime?.seconds).toBeGreaterThan(0n);
    expect(await call).toEqual(cancelledBy(user));
    expect(await user.executions.cancelExecution({ executionId })).toMatchObject({ execution });
    expect(await user.executions.getExecution({ executionId })).toMatchObject({ execution });
  },
);

test("PermissionDenied: somebody else's, unless the caller is an administrator of the organisation", async () => {
  const owner = mesh().user();
  const { orgId } = owner.who;
  const { call, executionId } = await startEndless(owner);
  for (const roles of [["viewer"], ["editor"], ["approver"]]) {
    expect(
      await failureOf(mesh().user({ orgId, roles }).executions.cancelExecution({ executionId })),
    ).toEqual({
      code: Code.PermissionDenied,
      reason: "PERMISSION_MISSING",
      fields: [],
      message: "permission executions.cancel is required",
    });
  }
  const admin = mesh().user({ orgId });
  await admin.executions.cancelExecution({ executionId });
  expect(await call).toEqual(cancelledBy(admin));
});

test("PermissionDenied: somebody else's, with an administrator's key that is narrowed to other permissions", async () => {
  const owner = mesh().user();
  const { orgId } = owner.who;
  const { call, executionId } = await startEndless(owner);
  const limit = { permissions: ["executions.write"], namespaces: [] };
  const narrowed = mesh().user({ orgId, limit }).executions.cancelExecution({ executionId });
  expect(await failureOf(narrowed)).toMatchObject({
    code: Code.PermissionDenied,
    message: "permission executions.cancel is required",
  });
  const steward = mesh().user({ orgId, roles: [], grants: [{ namespace: "default", roles: ["admin"] }] });
  await steward.executions.cancelExecution({ executionId });
  expect(await call).toEqual(cancelledBy(steward));
});

test("NotFound: another organisation's, and an unknown one", async () => {
  const owner = mesh().user();
  const { call, executionId } = await startEndless(owner);
  for (const id of [executionId, randomUUID()]) {
    expect(await failureOf(mesh().user().executions.cancelExecution({ executionId: id }))).toMatchObject({
      code: Code.NotFound,
      message: `execution ${id} not found`,
    });
  }
  await owner.executions.cancelExecution({ executionId });
  await call;
});

test("OK: one that has ended stays as it was", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const { executionId } = await user.executions.executeQuery({ sourceId, sql: "FROM n" });
  const { execution } = await user.executions.cancelExecution({ executionId });
  expect(execution).toMatchObject({ state: ExecutionState.SUCCEEDED, errorMessage: "", rowCount: 1n });
});

test("OK: one that another process runs", async () => {
  await using folder = await temporaryFolder();
  const config = configOf({
    databaseUrl: mesh().config.databaseUrl,
    folder: folder.path,
    peers: mesh().peers,
  });
  await using other = await startService(run, config);
  const user = mesh().user();
  using transport = transportAs(other.address, user.who, "edge");
  const { call, executionId } = await startEndless(user, {
    executions: createClient(ExecutionService, transport),
  });
  await user.executions.cancelExecution({ executionId });
  expect(await call).toEqual(cancelledBy(user));
});

test("OK: one whose notification is lost, as with the connection that listens", async () => {
  const user = mesh().user();
  const { call, executionId } = await startEndless(user);
  await mesh().database.sql`update orchestration.executions
    set state = 'cancelled', error_message = 'cancelled elsewhere', end_time = now()
    where execution_id = ${executionId}`;
  expect(await call).toMatchObject({ reason: "EXECUTION_CANCELLED", message: "cancelled elsewhere" });
});

test("OK: one that waits for a permit; those that run go on", async () => {
  const user = mesh().user();
  const { sourceId, release } = await createHeldSource(mesh(), user);
  const running = Array.from({ length: 9 }, () => query(user, sourceId, "FROM held"));
  const ids = async () => (await user.executions.listExecutions({})).executions.map((one) => one.executionId);
  await eventually(async () => (await ids()).length).toBe(9);
  const known = await ids();
  const waiting = failureOf(user.executions.executeQuery({ sourceId, sql: "FROM held" }));
  await eventually(async () => (await ids()).length).toBe(10);
  const executionId = (await ids()).find((id) => !known.includes(id)) ?? "";
  await user.executions.cancelExecution({ executionId });
  expect(await waiting).toEqual(cancelledBy(user));
  release();
  for (const { rows } of await Promise.all(running)) expect(rows).toHaveLength(1);
});
