import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { ExecutionState, ResultFormat } from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { enginesOf } from "./engine-processes.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { executionUpstream } from "./lineage-graph.ts";
import { createFileSource, eventually, failureOf, query, startOrchestration } from "./orchestration.ts";
import { arrowOf, formats, linesOf, parquetOf, recordsOf, stream } from "./result-streams.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const file = forFile(() => createFileSource(mesh(), user(), "numbers.csv", "n\n1\n2\n3\n"));
const database = forFile(() => createDatabaseSource(mesh(), user(), foreign()));
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table numbers (n int); insert into numbers values (1), (2), (3);
    create sequence calls; grant all on numbers, calls to public`);
});

const minutes = { seconds: 300n };

const rowCountOf = async (format: ResultFormat, streamed: Awaited<ReturnType<typeof stream>>) => {
  if (format === ResultFormat.NDJSON) return linesOf(streamed).length;
  if (format === ResultFormat.CSV) return recordsOf(streamed).length - 1;
  if (format === ResultFormat.PARQUET) return (await parquetOf(streamed)).rows.length;
  return arrowOf(streamed).rowCount;
};

const recordOf = async (executionId = "") =>
  (await user().executions.getExecution({ executionId })).execution;

const lastRecord = async (sourceId: string) =>
  (await user().executions.listExecutions({ sourceId, pageSize: 1 })).executions[0];

/** Names of result files. */
const resultFiles = () => readdirSync(join(mesh().folder, "engine/results"));

describe.each(formats)("%s", (_, format) => {
  test("OK: all rows of a statement, in its order, beyond what ExecuteQuery answers", async () => {
    for (const [source, rows] of [
      [file(), "FROM range(200000) AS r(i)"],
      [database(), "from generate_series(0, 199999) as r(i)"],
    ] as const) {
      const streamed = await stream(user(), source, `SELECT i ${rows} ORDER BY i DESC -- last`, format);
      expect(streamed.headers).toMatchObject({
        "sluice-row-count": "200000",
        "sluice-truncated": "false",
        "content-length": String(streamed.bytes.length),
      });
      expect(await rowCountOf(format, streamed)).toBe(200_000);
      if (format === ResultFormat.ARROW) {
        expect(arrowOf(streamed).columns[0]?.map(Number)).toEqual(
          Array.from({ length: 200_000 }, (_, i) => 199_999 - i),
        );
      }
      if (format === ResultFormat.CSV) expect(recordsOf(streamed).at(-1)).toEqual(["0"]);
      expect(await recordOf(streamed.headers["sluice-execution-id"])).toMatchObject({
        state: ExecutionState.SUCCEEDED,
        rowCount: 200_000n,
        truncated: false,
      });
    }
    expect(resultFiles()).toEqual([]);
  });

  test("OK: as many rows as asked for; what is left out is told", async () => {
    for (const source of [file(), database()]) {
      const sql = "SELECT n FROM numbers ORDER BY n";
      const two = await stream(user(), source, sql, format, { maxRows: 2 });
      expect(two.headers).toMatchObject({ "sluice-row-count": "2", "sluice-truncated": "true" });
      expect(await rowCountOf(format, two)).toBe(2);
      expect(await recordOf(two.headers["sluice-execution-id"])).toMatchObject({
        rowCount: 2n,
        truncated: true,
      });
      const three = await stream(user(), source, sql, format, { maxRows: 3 });
      expect(three.headers).toMatchObject({ "sluice-row-count": "3", "sluice-truncated": "false" });
    }
  });

  test("InvalidArgument: a statement that fails at its last row answers no byte", async () => {
    const sql =
      "SELECT CASE WHEN i < 299999 THEN i ELSE error('the last row') END AS i FROM range(300000) AS r(i)";
    expect(await failureOf(stream(user(), file(), sql, format))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SQL_INVALID",
      message: "the last row",
    });
    const divide = "select 1 / (299999 - i) as i from generate_series(0, 299999) as r(i)";
    expect(await failureOf(stream(user(), database(), divide, format))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "SQL_INVALID",
      message: "division by zero",
    });
    expect(await lastRecord(database())).toMatchObject({
      state: ExecutionState.FAILED,
      errorMessage: "division by zero",
    });
    expect(resultFiles()).toEqual([]);
  });

  test("DeadlineExceeded (EXECUTION_LIMIT): a statement that takes longer than its timeout", async () => {
    const sql = "SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b";
    const timeout = { seconds: 1n };
    expect(await failureOf(stream(user(), file(), sql, format, { timeout }))).toMatchObject({
      code: Code.DeadlineExceeded,
      reason: "EXECUTION_LIMIT",
    });
    expect(
      await failureOf(stream(user(), database(), "select pg_sleep(60)", format, { timeout })),
    ).toMatchObject({
      code: Code.DeadlineExceeded,
      reason: "EXECUTION_LIMIT",
    });
  });
});

test("OK: DESCRIBE and SUMMARIZE as CSV", async () => {
  const described = await stream(user(), file(), "DESCRIBE numbers; -- columns", ResultFormat.CSV);
  expect(recordsOf(described)[1]?.slice(0, 3)).toEqual(["n", "BIGINT", "YES"]);
});

test("OK: the lineage of a file's execution", async () => {
  await user().catalog.discover({ sourceId: file() });
  const { headers } = await stream(user(), file(), "SELECT n AS m FROM numbers", ResultFormat.PARQUET);
  const upstream = await executionUpstream(user(), headers["sluice-execution-id"] ?? "");
  expect(JSON.stringify(upstream)).toContain("numbers.n > m IDENTITY");
});

test("OK: readers that stall hold no permit", async () => {
  const stalled: AsyncIterator<unknown>[] = [];
  // As many as there are permits, each larger than a connection's buffers.
  for (let count = 0; count < 12; count += 1) {
    const request = {
      sourceId: file(),
      sql: "FROM range(1500000)",
      format: ResultFormat.CSV,
      timeout: minutes,
    };
    const reader = user().executions.streamQuery(request)[Symbol.asyncIterator]();
    expect((await reader.next()).done).toBe(false);
    stalled.push(reader);
  }
  expect((await query(user(), file(), "SELECT count(*) FROM numbers")).rows).toEqual([["3"]]);
  await Promise.all(stalled.map((one) => one.return?.()));
});

test("Unavailable (ENGINE_CRASHED): an engine that is killed while it writes answers no byte", async () => {
  const sql = "SELECT a.range, md5(a.range::VARCHAR) FROM range(100000000) AS a";
  const writtenBytes = () =>
    resultFiles().reduce((sum, name) => sum + statSync(join(mesh().folder, "engine/results", name)).size, 0);
  // Those of the tests before go in the background.
  await eventually(() => resultFiles()).toEqual([]);
  const call = failureOf(stream(user(), file(), sql, ResultFormat.CSV, { timeout: { seconds: 60n } }));
  // The file is there before the process that writes it.
  await eventually(writtenBytes).toBeGreaterThan(0);
  for (const pid of enginesOf()) process.kill(pid, "SIGKILL");
  expect(await call).toMatchObject({ code: Code.Unavailable, reason: "ENGINE_CRASHED" });
  expect(resultFiles()).toEqual([]);
});

describe("a statement for PostgreSQL", () => {
  test.each([
    "select 1) to program 'touch /tmp/x' --",
    "select 1) to stdout; copy (select 2",
    "select 1; select 2",
    "select ';' as a; -- one\nselect 2",
    "select 1 /* ; */; drop table numbers",
    "insert into numbers values (4) returning n",
    "with i as (insert into numbers values (4) returning n) select n from i",
    "copy numbers to stdout",
    "select $1",
    "select nextval('calls')",
  ])("InvalidArgument: %s", async (sql) => {
    const failure = await failureOf(stream(user(), database(), sql, ResultFormat.CSV));
    expect(failure.code).toBe(Code.InvalidArgument);
    expect(["SQL_INVALID", "STATEMENT_REFUSED"]).toContain(failure.reason);
    expect((await query(user(), database(), "select count(*) from numbers")).rows).toEqual([["3"]]);
  });

  test.each([
    ["select ';' as a;", ";"],
    ["select E'\\';' as a ; -- behind", "';"],
    ["select $x$;'$x$ as a /* ; /* ; */ */;", ";'"],
    ["select 'a' as \"b;c\"", "a"],
    ["select 'x''; y' as a; ; ", "x'; y"],
    ["values ('--')", "--"],
    ["(select 'p' as a)", "p"],
    ["with w as (select 'w' as a) table w", "w"],
  ])("OK: %s", async (sql, value) => {
    expect(recordsOf(await stream(user(), database(), sql, ResultFormat.CSV))[1]).toEqual([value]);
  });
});

test("NotFound: another organisation's source", async () => {
  const stranger = mesh().user();
  expect(await failureOf(stream(stranger, file(), "SELECT 1", ResultFormat.CSV))).toMatchObject({
    code: Code.NotFound,
  });
});

test("PermissionDenied: a user without the permission", async () => {
  const reader = mesh().user({ roles: [] });
  expect(await failureOf(stream(reader, file(), "SELECT 1", ResultFormat.CSV))).toMatchObject({
    code: Code.PermissionDenied,
  });
});
