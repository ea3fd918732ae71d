import { randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { crashed, crashingSql, freshJson } from "./crashes.ts";
import { createFileSource, dataSet, failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());
/** A source with the table `cars`. */
const cars = forFile(async () => createFileSource(mesh(), user(), "cars.json", await dataSet("cars.json")));

test("OK: a query over JSON", async () => {
  const sql = "SELECT Origin, count(*) AS cars FROM cars GROUP BY ALL ORDER BY cars; -- all of them";
  expect(await query(user(), cars(), sql)).toEqual({
    columns: ["Origin VARCHAR", "cars BIGINT"],
    rows: [
      ["Europe", "73"],
      ["Japan", "79"],
      ["USA", "254"],
    ],
    truncated: false,
  });
});

test("InvalidArgument: sql, max_rows, timeout and source_id out of their bounds", async () => {
  const good = { sourceId: cars(), sql: "SELECT 1" };
  for (const [request, field] of [
    [{ ...good, sql: "" }, "sql"],
    [{ ...good, sql: "SELECT '\0'" }, "sql"],
    [{ ...good, sql: `SELECT '${"x".repeat(100_000)}'` }, "sql"],
    [{ ...good, maxRows: 10_001 }, "max_rows"],
    [{ ...good, timeout: { seconds: 301n } }, "timeout"],
    [{ ...good, timeout: {} }, "timeout"],
    [{ ...good, sourceId: "x" }, "source_id"],
  ] as const) {
    expect(await failureOf(user().executions.executeQuery(request))).toMatchObject({
      code: Code.InvalidArgument,
      fields: [field],
    });
  }
});

test("NotFound: an unknown source, and another organisation's; no record of it", async () => {
  const other = mesh().user();
  for (const sourceId of [cars(), randomUUID()]) {
    const call = other.executions.executeQuery({ sourceId, sql: "FROM cars" });
    expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
  }
  expect((await other.executions.listExecutions({})).executions).toEqual([]);
});

test("FailedPrecondition: a ragged file", async () => {
  const sourceId = await createFileSource(mesh(), user(), "ragged.csv", "a,b\n1,2\n3\n");
  expect(await failureOf(user().executions.executeQuery({ sourceId, sql: "FROM ragged" }))).toEqual({
    code: Code.FailedPrecondition,
    reason: "SOURCE_DATA_INVALID",
    fields: [],
    message: expect.stringMatching(
      /^the file "ragged.csv" can't be read: line 3: it has 1 field where the first line has 2: /,
    ),
  });
});

test("InvalidArgument: a statement that is refused, and one that is wrong", async () => {
  const reasonOf = async (sql: string) =>
    (await failureOf(user().executions.executeQuery({ sourceId: cars(), sql }))).reason;
  expect(await reasonOf("DROP TABLE cars")).toBe("STATEMENT_REFUSED");
  expect(await reasonOf("FROM nothing")).toBe("SQL_INVALID");
});

test("DeadlineExceeded: a statement that takes longer than its timeout", async () => {
  const sql = "SELECT count(*) FROM range(1000000000000000)";
  const call = user().executions.executeQuery({ sourceId: cars(), sql, timeout: { nanos: 500_000_000 } });
  expect(await failureOf(call)).toMatchObject({ code: Code.DeadlineExceeded, reason: "EXECUTION_LIMIT" });
});

test("ResourceExhausted: more memory than an engine process has", async () => {
  const sql = "SELECT length(string_agg(repeat('x', 1000), '')) FROM range(100000000)";
  const call = user().executions.executeQuery({ sourceId: cars(), sql });
  expect(await failureOf(call)).toMatchObject({ code: Code.ResourceExhausted });
});

test("Unavailable: an engine process that crashes", async () => {
  const sourceId = await createFileSource(mesh(), user(), "odd.json", freshJson());
  const call = user().executions.executeQuery({ sourceId, sql: crashingSql });
  expect(await failureOf(call)).toEqual(crashed("odd.json"));
});

test("PermissionDenied: a user without a role", async () => {
  const call = mesh().user({ roles: [] }).executions.executeQuery({ sourceId: cars(), sql: "FROM cars" });
  expect(await failureOf(call)).toMatchObject({ code: Code.PermissionDenied });
});
