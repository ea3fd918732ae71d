import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExecutionState } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: GetExecution answers the record of a statement that succeeded", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n2\n");
  const { executionId } = await user.executions.executeQuery({ sourceId, sql: "FROM n", maxRows: 1 });
  const { execution } = await user.executions.getExecution({ executionId });
  expect(execution).toMatchObject({
    executionId,
    sourceId,
    sql: "FROM n",
    state: ExecutionState.SUCCEEDED,
    errorMessage: "",
    rowCount: 1n,
    truncated: true,
    creatorUserId: user.who.userId,
  });
  expect(execution?.endTime?.seconds).toBeGreaterThanOrEqual(execution?.createTime?.seconds ?? 0n);
});

test("NotFound: GetExecution of an unknown one, and of another organisation's", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const { executionId } = await user.executions.executeQuery({ sourceId, sql: "FROM n" });
  for (const id of [executionId, randomUUID()]) {
    expect(await failureOf(mesh().user().executions.getExecution({ executionId: id }))).toEqual({
      code: Code.NotFound,
      reason: "RESOURCE_NOT_FOUND",
      fields: [],
      message: `execution ${id} not found`,
    });
  }
});

test("PermissionDenied: a user without a role", async () => {
  const call = mesh().user({ roles: [] }).executions.getExecution({ executionId: randomUUID() });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
