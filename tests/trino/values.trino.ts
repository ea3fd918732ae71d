import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { extractChunk, plan, readParquet, tablesOf } from "../orchestration/extracts.ts";
import {
  createSource,
  eventually,
  failureOf,
  query,
  startOrchestration,
} from "../orchestration/orchestration.ts";
import { startTrino } from "./trino-server.ts";

const trino = forFile(startTrino);
const mesh = forFile(startOrchestration);

const openSource = (catalog: string, more = {}) => {
  const user = mesh().user();
  const settings = { scheme: "http", host: "127.0.0.1", port: trino().port, user: "test", catalog, ...more };
  return createSource(user, "trino", settings).then((sourceId) => ({ user, sourceId }));
};

/** Expressions of Trino, their values as ExecuteQuery answers them, and as DuckDB reads them from a file. */
const values: readonly (readonly [type: string, sql: string, answered: unknown, dataType: string])[] = [
  ["boolean", "true", true, "BOOLEAN"],
  ["tinyint", "tinyint '-128'", -128, "TINYINT"],
  ["integer", "2147483647", 2147483647, "INTEGER"],
  ["bigint", "9223372036854775807", "9223372036854775807", "BIGINT"],
  ["real", "real '0.1'", 0.1, "FLOAT"],
  ["double", "1e300", 1e300, "DOUBLE"],
  ["double", "nan()", "NaN", "DOUBLE"],
  ["double", "-infinity()", "-Infinity", "DOUBLE"],
  [
    "decimal(38, 9)",
    "decimal '12345678901234567890123456789.123456789'",
    "12345678901234567890123456789.123456789",
    "DECIMAL(38,9)",
  ],
  ["varchar(6)", "'a\"\\\n\t🐢'", 'a"\\\n\t🐢', "VARCHAR"],
  ["char(3)", "cast('a' as char(3))", "a  ", "VARCHAR"],
  ["varbinary", "X'00ff0a'", "AP8K", "BLOB"],
  ["date", "date '2024-02-29'", "2024-02-29", "DATE"],
  ["time(6)", "time '23:59:59.999999'", "23:59:59.999999", "TIME"],
  ["timestamp(6)", "timestamp '2024-02-29 23:59:59.999999'", "2024-02-29T23:59:59.999999", "TIMESTAMP"],
  [
    "timestamp(9)",
    "timestamp '2024-02-29 23:59:59.999999999'",
    "2024-02-29T23:59:59.999999999",
    "TIMESTAMP_NS",
  ],
  [
    "timestamp(3) with time zone",
    "timestamp '2024-02-29 10:00:00.123 UTC'",
    "2024-02-29T10:00:00.123Z",
    "TIMESTAMP WITH TIME ZONE",
  ],
  [
    "timestamp(3) with time zone",
    "timestamp '2024-02-29 10:00:00.123 +05:30'",
    "2024-02-29T10:00:00.123+05:30",
    "TIMESTAMP WITH TIME ZONE",
  ],
  ["uuid", "uuid '12151fd2-7586-11e9-8f9e-2a86e4085a59'", "12151fd2-7586-11e9-8f9e-2a86e4085a59", "UUID"],
  ["json", "json '{\"a\": 12345678901234567890}'", { a: "12345678901234567890" }, "JSON"],
  ["unknown", "cast(null as varchar)", null, "VARCHAR"],
];

test.each(values)("%s: %s is answered as it is", async (type, sql, answered) => {
  const { user, sourceId } = await openSource("memory");
  const { columns, rows } = await query(user, sourceId, `select ${sql} as x`);
  if (type !== "unknown") expect(columns).toEqual([`x ${type}`]);
  expect(rows).toEqual([[answered]]);
});

describe("FailedPrecondition SOURCE_DATA_INVALID: a value that would change", () => {
  test.each([
    ["array(integer)", "array[1]", "cast it"],
    ["map(varchar(1), integer)", "map(array['a'], array[1])", "cast it"],
    ["interval day to second", "interval '1' day", "cast it"],
    ["timestamp(12)", "timestamp '2024-02-29 23:59:59.999999999999'", "cast it"],
    ["time(3) with time zone", "time '10:00:00.000 +01:00'", "cast it"],
    ["a year beyond the calendar", "date '10000-01-01'", "10000-01-01"],
    ["a time of a region", "timestamp '2024-10-27 02:30:00.000 Europe/Berlin'", "at_timezone(x, 'UTC')"],
  ])("%s", async (_, sql, message) => {
    const { user, sourceId } = await openSource("memory");
    const failure = await failureOf(query(user, sourceId, `select ${sql} as x`));
    expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
    expect(failure.message).toContain(message);
  });
});

describe("tables", () => {
  const strange = 'a "quoted".name 🐢';
  beforeAll(async () => {
    await trino().run("create schema memory.strange");
    await trino().run(
      `create table memory.strange."a ""quoted"".name 🐢" as select timestamp '2024-10-27 02:30:00.000 Europe/Berlin' as at,
       9223372036854775807 as "x.y", cast(null as varchar) as nothing`,
    );
  });

  test("names with quotes, dots and emoji, and a time of a region as the instant that it is", async () => {
    const { user, sourceId } = await openSource("memory", { schemas: ["strange"] });
    const tables = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [tables[strange] ?? ""]);
    const [chunk] = planned.chunks;
    const { bytes } = await extractChunk(user, planned, chunk ?? { tableIndex: 0, range: "" });
    const [row] = await readParquet(bytes);
    expect(Object.keys(row ?? {})).toEqual(["at", "x.y", "nothing"]);
    expect(row?.["x.y"]).toBe(9223372036854775807n);
    expect(row?.at).toEqual(new Date("2024-10-27T00:30:00Z"));
  });

  test("60,175 rows of TPC-H, in chunks", async () => {
    const { user, sourceId } = await openSource("tpch", { schemas: ["tiny"] });
    const { lineitem = "" } = await tablesOf(user, sourceId);
    const planned = await plan(user, sourceId, [lineitem], { chunkRows: 20_000n });
    expect(planned.chunks.length).toBeGreaterThan(2);
    const counts = await Promise.all(
      planned.chunks.map(async (chunk) => (await extractChunk(user, planned, chunk)).summary.rowCount),
    );
    expect(counts.reduce((sum, count) => sum + count, 0n)).toBe(60_175n);
  });
});

test("InvalidArgument STATEMENT_REFUSED: what writes, or runs statements elsewhere", async () => {
  const { user, sourceId } = await openSource("memory");
  const refused = [
    "insert into memory.default.a values 1",
    "create table memory.default.a (b integer)",
    "select * from table(memory.system.query(query => 'delete from a'))",
    "select * from TABLE /* */ (\nsystem.builtin.sequence(start => 1, stop => 2))",
    "with function f() returns integer return 1 select f()",
    "set session query_max_run_time = '1d'",
    "call system.runtime.kill_query(query_id => 'a', message => 'b')",
    "start transaction",
    "select * from --\rtable(memory.system.query(query => 'delete from a'))",
    "select * from table(memory.system.query--\r(query => 'x'))",
    "--\rcall system.runtime.kill_query('x') /*\nselect*/",
    "with funct\u0131on f() returns integer return 1 select f()",
    "select * from table(a.\u017f(x => 1))",
  ];
  for (const sql of refused) {
    expect(await failureOf(query(user, sourceId, sql)), sql).toMatchObject({
      code: Code.InvalidArgument,
      reason: "STATEMENT_REFUSED",
    });
  }
  const sequence = "select * from table(sequence(start => 1, stop => 3))";
  expect((await query(user, sourceId, sequence)).rows).toEqual([["1"], ["2"], ["3"]]);
});

test("Canceled: a statement ends in Trino, too", async () => {
  const { user, sourceId } = await openSource("tpch");
  const sql =
    "select count(*) from tpch.sf100.lineitem a cross join tpch.sf100.lineitem b where a.comment < b.comment";
  const stop = new AbortController();
  const call = user.executions.executeQuery({ sourceId, sql }, { signal: stop.signal });
  const stateOf = async () => (await trino().states()).get(sql);
  await eventually(stateOf).toBe("RUNNING");
  stop.abort();
  expect(await failureOf(call)).toMatchObject({ code: Code.Canceled });
  await eventually(stateOf).toBe("FAILED");
});

test("ResourceExhausted EXECUTION_LIMIT: a statement that takes more memory than Trino has", async () => {
  const { user, sourceId } = await openSource("tpch");
  const sql = "select array_agg(comment) from tpch.sf10.lineitem group by orderkey % 2";
  const failure = await failureOf(query(user, sourceId, `select cardinality(x) from (${sql}) as a(x)`));
  expect(failure).toMatchObject({ code: Code.ResourceExhausted, reason: "EXECUTION_LIMIT" });
});

test("DeadlineExceeded: a server that is stopped; and it is read again when it goes on", async () => {
  const { user, sourceId } = await openSource("tpch");
  trino().signal("SIGSTOP");
  try {
    const call = user.executions.executeQuery({ sourceId, sql: "select 1", timeout: { seconds: 1n } });
    expect(await failureOf(call)).toMatchObject({ code: Code.DeadlineExceeded });
  } finally {
    trino().signal("SIGCONT");
  }
  expect((await query(user, sourceId, "select 1")).rows).toEqual([[1]]);
});
