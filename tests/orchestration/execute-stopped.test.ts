import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { listProcesses } from "../lib/processes.ts";
import { createFileSource, dataSet, eventually, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());
/** Creates a source with the table `cars`. */
const cars = forFile(async () => createFileSource(mesh(), user(), "cars.json", await dataSet("cars.json")));

const engines = async () =>
  (await listProcesses()).filter(
    ({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"),
  );
const runningStatements = async () =>
  (await mesh().database.sql`select 1 from orchestration.executions where state = 'running'`).length;
/** Files left in the folders of processes. The spare process has an empty folder. */
const leftFiles = async () => {
  const folders = join(mesh().folder, "engine", "processes");
  const names = await readdir(folders, { recursive: true });
  return names.filter((name) => name.includes("/"));
};

test.each([
  "SELECT count(*) FROM range(1000000000000000)",
  "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
  // DuckDB cannot interrupt a running function.
  "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
])("DeadlineExceeded: a statement that does not end, %s", async (sql) => {
  const timeout = { seconds: 2n };
  const states: string[] = [];
  const call = failureOf(user().executions.executeQuery({ sourceId: cars(), sql, timeout })).finally(() => {
    states.push("stopped");
  });
  await eventually(runningStatements).toBe(1);
  // The service answers other calls meanwhile.
  await user().connectors.listConnectors({});
  states.push("others answered");
  expect(await call).toEqual({
    code: Code.DeadlineExceeded,
    reason: "EXECUTION_LIMIT",
    fields: [],
    message: "the statement ran longer than the 2 s that `timeout` allows",
  });
  expect(states).toEqual(["others answered", "stopped"]);
  await eventually(async () => (await engines()).length).toBe(1);
  await eventually(leftFiles).toEqual([]);
});

test("ResourceExhausted: more memory than an execution may use", async () => {
  const sql = "SELECT len(range(900000000))";
  const failure = await failureOf(user().executions.executeQuery({ sourceId: cars(), sql }));
  expect(failure).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "MEMORY_LIMIT",
    message: "it needs more memory than the 1536 MiB that one execution has",
  });
  await eventually(leftFiles).toEqual([]);
});

test("ResourceExhausted: a first row that is larger than an answer", async () => {
  const call = user().executions.executeQuery({ sourceId: cars(), sql: "SELECT repeat('x', 4000000)" });
  expect(await failureOf(call)).toMatchObject({
    code: Code.ResourceExhausted,
    reason: "EXECUTION_LIMIT",
    message: "the first row alone takes more than 3 MiB: select fewer columns, or parts of them",
  });
});

test("Canceled: the caller goes away, and the statement with it", async () => {
  const leaver = mesh().user({ orgId: user().who.orgId });
  const caller = new AbortController();
  const sql = "SELECT count(*) FROM range(1000000000000000)";
  const call = failureOf(
    leaver.executions.executeQuery(
      { sourceId: cars(), sql, timeout: { seconds: 300n } },
      { signal: caller.signal },
    ),
  );
  const states = async () =>
    mesh().database
      .sql`select state, error_message from orchestration.executions where creator_user_id = ${leaver.who.userId}`;
  await eventually(states).toEqual([{ state: "running", error_message: "" }]);
  caller.abort();
  expect(await call).toMatchObject({ code: Code.Canceled });
  await eventually(states).toEqual([{ state: "cancelled", error_message: "the caller went away" }]);
  await eventually(async () => (await engines()).length).toBe(1);
});
