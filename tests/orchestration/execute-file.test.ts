import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listProcesses } from "../all-in-one/postgres-fixtures.ts";
import {
  createFileSource,
  dataSet,
  eventually,
  failureOf,
  type Orchestration,
  query,
  startOrchestration,
  type User,
} from "./orchestration.ts";

let mesh: Orchestration;
let user: User;
/** A source with the table `cars`. */
let cars: string;
beforeAll(async () => {
  mesh = await startOrchestration();
  user = mesh.user();
  cars = await createFileSource(mesh, user, "cars.json", await dataSet("cars.json"));
});
afterAll(() => mesh[Symbol.asyncDispose]());

describe("OK", () => {
  test("a query over JSON", async () => {
    const sql = "SELECT Origin, count(*) AS cars FROM cars GROUP BY ALL ORDER BY cars; -- all of them";
    expect(await query(user, cars, sql)).toEqual({
      columns: ["Origin VARCHAR", "cars BIGINT"],
      rows: [
        ["Europe", "73"],
        ["Japan", "79"],
        ["USA", "254"],
      ],
      truncated: false,
    });
  });

  test("a query over CSV, and over Parquet with three million rows", async () => {
    const weather = await createFileSource(
      mesh,
      user,
      "seattle-weather.csv",
      await dataSet("seattle-weather.csv"),
    );
    const sql = `SELECT date, temp_max FROM "seattle-weather" ORDER BY temp_max DESC, date LIMIT 1`;
    expect((await query(user, weather, sql)).rows).toEqual([["2014-08-11", 35.6]]);
    const flights = await createFileSource(
      mesh,
      user,
      "flights.parquet",
      await dataSet("flights-3m.parquet"),
    );
    const count = "WITH f AS (FROM flights) SELECT count(*), sum(distance), min(date) FROM f";
    const { rows } = await query(user, flights, count);
    expect(rows).toEqual([["3000000", expect.stringMatching(/^\d+$/), "2001-01-01T00:01:00"]]);
  });

  test.each([
    "FROM cars SELECT Name LIMIT 1",
    "TABLE cars LIMIT 1",
    "(SELECT 1)",
    "VALUES (1)",
    "SELECT c.Name FROM main.cars AS c, range(3) JOIN (SELECT 1 AS one) ON true LIMIT 1",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r LIMIT 1",
    "SELECT unnest([1]) WHERE EXISTS (FROM CARS)",
    "FROM (PIVOT cars ON Origin IN ('USA') USING count(*)) LIMIT 1",
  ])("the statement %s", async (sql) => {
    expect((await query(user, cars, sql)).rows).toHaveLength(1);
  });

  test("every type as the contract spells it", async () => {
    const values: [string, unknown][] = [
      ["true", true],
      ["1::TINYINT", 1],
      ["2147483647::INTEGER", 2147483647],
      ["4294967295::UINTEGER", 4294967295],
      ["9007199254740993::BIGINT", "9007199254740993"],
      ["18446744073709551615::UBIGINT", "18446744073709551615"],
      ["170141183460469231731687303715884105727::HUGEINT", "170141183460469231731687303715884105727"],
      ["1.50::DECIMAL(10,2)", "1.50"],
      ["-0.1::DECIMAL(38,20)", "-0.10000000000000000000"],
      ["1.1::FLOAT", 1.1],
      ["1.1::DOUBLE", 1.1],
      ["'NaN'::DOUBLE", "NaN"],
      ["'-infinity'::FLOAT", "-Infinity"],
      ["'é 🧾'", "é 🧾"],
      ["'\\xAA\\x00'::BLOB", "qgA="],
      ["'101'::BIT", "101"],
      ["DATE '2020-02-29'", "2020-02-29"],
      ["DATE '0044-03-15 (BC)'", "-000043-03-15"],
      ["DATE '12345-01-01'", "+012345-01-01"],
      ["DATE 'infinity'", "infinity"],
      ["TIMESTAMP '-infinity'", "-infinity"],
      ["TIMESTAMPTZ 'infinity'", "infinity"],
      ["TIME '10:00:00.5'", "10:00:00.5"],
      ["TIMETZ '10:00:00+05:30'", "10:00:00+05:30"],
      ["TIMESTAMP '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999"],
      ["TIMESTAMPTZ '2020-01-01 00:00:00+02'", "2019-12-31T22:00:00Z"],
      ["TIMESTAMP_S '2020-01-01 00:00:01'", "2020-01-01T00:00:01"],
      ["TIMESTAMP_MS '2020-01-01 00:00:00.25'", "2020-01-01T00:00:00.25"],
      ["TIMESTAMP_NS '2020-01-01 00:00:00.123456789'", "2020-01-01T00:00:00.123456789"],
      ["INTERVAL '14 months -3 days 90 seconds'", "P1Y2M-3DT1M30S"],
      ["INTERVAL '0 seconds'", "PT0S"],
      ["'6f2d1fe0-2d53-4f37-b9a5-4a24a4cbb1f7'::UUID", "6f2d1fe0-2d53-4f37-b9a5-4a24a4cbb1f7"],
      ["'a'::ENUM('a','b')", "a"],
      ["[1::BIGINT, NULL]", ["1", null]],
      ["[1,2]::INTEGER[2]", [1, 2]],
      ["{'a': 1.5::DOUBLE, 'b': {'c': [DATE '2020-01-01']}}", { a: 1.5, b: { c: ["2020-01-01"] } }],
      [
        "MAP {'k': 1, 'l': NULL}",
        [
          { key: "k", value: 1 },
          { key: "l", value: null },
        ],
      ],
      ["union_value(number := 1)", { number: 1 }],
      [
        `'{"a":[1,9007199254740993,1e400],"__proto__":null}'::JSON`,
        JSON.parse('{"a":[1,"9007199254740993","1e400"],"__proto__":null}'),
      ],
      ["NULL", null],
    ];
    const { columns, rows } = await query(user, cars, `SELECT ${values.map(([sql]) => sql).join(", ")}`);
    expect(rows).toEqual([values.map(([, spelled]) => spelled)]);
    expect(columns.map((column) => column.split(" ").at(-1)).slice(0, 3)).toEqual([
      "BOOLEAN",
      "TINYINT",
      "INTEGER",
    ]);
  });

  test("columns of the same name keep their names", async () => {
    expect(await query(user, cars, "SELECT 1 AS a, 2 AS a")).toMatchObject({
      columns: ["a INTEGER", "a INTEGER"],
      rows: [[1, 2]],
    });
  });

  test("truncated: as many rows as asked for, a thousand by default", async () => {
    const sql = "FROM range(1001) ORDER BY range DESC";
    expect(await query(user, cars, sql, { maxRows: 2 })).toMatchObject({
      rows: [["1000"], ["999"]],
      truncated: true,
    });
    const byDefault = await query(user, cars, sql);
    expect([byDefault.rows.length, byDefault.truncated]).toEqual([1000, true]);
    const all = await query(user, cars, sql, { maxRows: 1001 });
    expect([all.rows.length, all.truncated]).toEqual([1001, false]);
  });

  test("truncated: as many rows as 3 MiB hold", async () => {
    const { rows, truncated } = await query(user, cars, "SELECT repeat('x', 1048576 - 100) FROM range(10)");
    expect([rows.length, truncated]).toEqual([3, true]);
  });
});

describe("refused", () => {
  test.each([
    "COPY cars TO 'out.csv'",
    "COPY (SELECT 1) TO '/tmp/sluice-out.csv'",
    "ATTACH '/tmp/sluice-x.db'",
    "DETACH memory",
    "EXPORT DATABASE '/tmp/sluice-export'",
    "IMPORT DATABASE '/tmp/sluice-export'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET threads = 1",
    "RESET threads",
    "CALL pragma_version()",
    "CREATE TABLE t (n INTEGER)",
    "CREATE MACRO f() AS 1",
    "INSERT INTO cars VALUES (1)",
    "DELETE FROM cars",
    "DROP VIEW cars",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "DESCRIBE cars",
    "SHOW TABLES",
    "BEGIN",
    "CHECKPOINT",
    "PREPARE p AS SELECT 1",
    "PIVOT cars ON Origin USING count(*)",
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY cars TO 'out.csv'",
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM glob('*')",
    "FROM '/etc/passwd'",
    "FROM 'cars.json'",
    "FROM 'https://example.com/x.csv'",
    "FROM query('SELECT 1')",
    "FROM query_table('cars')",
    "FROM enable_profiling()",
    "FROM enable_logging()",
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM duckdb_views",
    "FROM pg_catalog.pg_settings",
    "FROM information_schema.views",
    "WITH duckdb_views AS (SELECT 1) FROM duckdb_views",
    "SELECT (SELECT sql FROM sqlite_master LIMIT 1)",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "SELECT list_transform([1], lambda x: current_setting('allowed_paths'))",
    "SELECT pg_get_viewdef(1)",
  ])("InvalidArgument STATEMENT_REFUSED: %s", async (sql) => {
    const failure = await failureOf(user.executions.executeQuery({ sourceId: cars, sql }));
    expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "STATEMENT_REFUSED" });
    expect(failure.message).not.toContain(mesh.folder);
  });

  test.each([
    ["SELEC 1", 'syntax error at or near "SELEC" at character 1'],
    ["SELECT FROM WHERE", 'syntax error at or near "WHERE" at character 13'],
    ["-- nothing", "there is no statement in it"],
    ["FROM buses", 'the table "buses" does not exist: this source has the table "cars"'],
    ["SELECT nothing FROM cars", 'Referenced column "nothing" not found in FROM clause!'],
    ["SELECT $1", "parameters are not taken: write the values into the statement"],
    ["SELECT 'x'::INTEGER", "Could not convert string 'x' to INT32"],
    ["SELECT error('mine')", "mine"],
    [
      "SELECT CASE WHEN range = 5000000 THEN error('late') END FROM range(6000000) ORDER BY range DESC",
      "late",
    ],
  ])("InvalidArgument SQL_INVALID: %s", async (sql, message) => {
    expect(await failureOf(user.executions.executeQuery({ sourceId: cars, sql }))).toEqual({
      code: Code.InvalidArgument,
      reason: "SQL_INVALID",
      fields: [],
      message,
    });
  });

  test("InvalidArgument: sql, max_rows, timeout and source_id out of their bounds", async () => {
    const good = { sourceId: cars, sql: "SELECT 1" };
    for (const [request, field] of [
      [{ ...good, sql: "" }, "sql"],
      [{ ...good, sql: "SELECT '\0'" }, "sql"],
      [{ ...good, sql: `SELECT '${"x".repeat(100_000)}'` }, "sql"],
      [{ ...good, maxRows: 10_001 }, "max_rows"],
      [{ ...good, timeout: { seconds: 301n } }, "timeout"],
      [{ ...good, timeout: {} }, "timeout"],
      [{ ...good, sourceId: "x" }, "source_id"],
    ] as const) {
      expect(await failureOf(user.executions.executeQuery(request))).toMatchObject({
        code: Code.InvalidArgument,
        fields: [field],
      });
    }
  });

  test("NotFound: an unknown source, and another organisation's; no record of it", async () => {
    const other = mesh.user();
    for (const sourceId of [cars, randomUUID()]) {
      const call = other.executions.executeQuery({ sourceId, sql: "FROM cars" });
      expect(await failureOf(call)).toMatchObject({ code: Code.NotFound });
    }
    expect((await other.executions.listExecutions({})).executions).toEqual([]);
  });

  test("FailedPrecondition: a ragged file", async () => {
    const sourceId = await createFileSource(mesh, user, "ragged.csv", "a,b\n1,2\n3\n");
    expect(await failureOf(user.executions.executeQuery({ sourceId, sql: "FROM ragged" }))).toEqual({
      code: Code.FailedPrecondition,
      reason: "SOURCE_DATA_INVALID",
      fields: [],
      message: 'the file "ragged.csv" can\'t be read: line 3 has 1 columns instead of 2',
    });
  });
});

describe("stopped", () => {
  const engines = async () =>
    (await listProcesses()).filter(
      ({ args, ppid }) => ppid === process.pid && args.includes("engine-process.ts"),
    );
  const spilled = () => readdir(join(mesh.folder, "engine", "spill"));

  test.each([
    "SELECT count(*) FROM range(1000000000000000)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    // DuckDB can't interrupt a single function.
    "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
  ])("DeadlineExceeded: a statement that does not end, %s", async (sql) => {
    const timeout = { seconds: 2n };
    const begun = performance.now();
    const call = failureOf(user.executions.executeQuery({ sourceId: cars, sql, timeout }));
    // The process answers others meanwhile.
    await user.connectors.listConnectors({});
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(await call).toEqual({
      code: Code.DeadlineExceeded,
      reason: "EXECUTION_LIMIT",
      fields: [],
      message: "the statement ran longer than 2 s and was stopped",
    });
    expect(performance.now() - begun).toBeLessThan(20_000);
    await eventually(async () => (await engines()).length).toBe(1);
    expect(await spilled()).toEqual([]);
  });

  test("ResourceExhausted: more memory than an execution may use", async () => {
    const sql = "SELECT repeat('x', 1000000) || range FROM range(10000)";
    const failure = await failureOf(user.executions.executeQuery({ sourceId: cars, sql }));
    expect(failure).toMatchObject({ code: Code.ResourceExhausted, reason: "EXECUTION_LIMIT" });
    expect(await spilled()).toEqual([]);
  });

  test("ResourceExhausted: a first row that is larger than an answer", async () => {
    const call = user.executions.executeQuery({ sourceId: cars, sql: "SELECT repeat('x', 4000000)" });
    expect(await failureOf(call)).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "EXECUTION_LIMIT",
      message: "the first row alone takes more than 3 MiB: select fewer columns, or parts of them",
    });
  });

  test("Canceled: the caller goes away, and the statement with it", async () => {
    const leaver = mesh.user({ orgId: user.who.orgId });
    const caller = new AbortController();
    const sql = "SELECT count(*) FROM range(1000000000000000)";
    const call = failureOf(
      leaver.executions.executeQuery({ sourceId: cars, sql }, { signal: caller.signal }),
    );
    const states = async () =>
      mesh.database
        .sql`select state from orchestration.executions where creator_user_id = ${leaver.who.userId}`;
    await eventually(states).toEqual([{ state: "running" }]);
    caller.abort();
    expect(await call).toMatchObject({ code: Code.Canceled });
    await eventually(states).toEqual([{ state: "cancelled" }]);
    await eventually(async () => (await engines()).length).toBe(1);
  });
});
