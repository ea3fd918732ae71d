import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ExecutionState } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { executionStates } from "../../services/orchestration/state.ts";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);

test("OK: a statement that failed leaves its words", async () => {
  const user = mesh().user();
  const sourceId = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const { message } = await failureOf(user.executions.executeQuery({ sourceId, sql: "FROM nothing" }));
  const { executions } = await user.executions.listExecutions({});
  expect(executions).toMatchObject([
    {
      sql: "FROM nothing",
      state: ExecutionState.FAILED,
      errorMessage: message,
      rowCount: 0n,
      truncated: false,
    },
  ]);
});

test("OK: ListExecutions pages, newest first, and takes one source", async () => {
  const user = mesh().user();
  const first = await createFileSource(mesh(), user, "n.csv", "n\n1\n");
  const second = await createFileSource(mesh(), user, "m.csv", "m\n1\n");
  for (const [sourceId, sql] of [
    [first, "FROM n"],
    [second, "FROM m"],
    [first, "SELECT 1"],
  ] as const) {
    await user.executions.executeQuery({ sourceId, sql });
  }
  const page = await user.executions.listExecutions({ pageSize: 2 });
  expect(page.executions.map(({ sql }) => sql)).toEqual(["SELECT 1", "FROM m"]);
  const next = await user.executions.listExecutions({ pageSize: 2, pageToken: page.nextPageToken });
  expect(next.executions.map(({ sql }) => sql)).toEqual(["FROM n"]);
  expect(next.nextPageToken).toBe("");
  const onFirst = await user.executions.listExecutions({ sourceId: first });
  expect(onFirst.executions.map(({ sql }) => sql)).toEqual(["SELECT 1", "FROM n"]);
  const call = user.executions.listExecutions({ pageToken: page.nextPageToken, sourceId: first });
  expect(await failureOf(call)).toMatchObject({ code: Code.InvalidArgument, reason: "PAGE_TOKEN_INVALID" });
});

test("the database has the states of state.ts and refuses an end without a time", async () => {
  const { sql } = mesh().database;
  const states = await sql`select unnest(enum_range(null::orchestration.execution_state))::text as state`;
  expect(states.map(({ state }) => state)).toEqual(executionStates);
  const insert = sql`insert into orchestration.executions
    (execution_id, org_id, source_id, sql, state, creator_user_id, process_id)
    values (${randomUUID()}, ${randomUUID()}, ${randomUUID()}, 'x', 'succeeded', ${randomUUID()}, ${randomUUID()})`;
  await expect(insert).rejects.toMatchObject({ constraint_name: "executions_end_time" });
});
