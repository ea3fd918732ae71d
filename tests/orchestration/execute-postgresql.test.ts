import { Code } from "@connectrpc/connect";
import { beforeAll, describe, expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createDatabaseSource, startForeignDatabase } from "./foreign-database.ts";
import { createSource, eventually, failureOf, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const foreign = forFile(startForeignDatabase);
const user = forFile(() => mesh().user());
const sourceId = forFile(() => createDatabaseSource(mesh(), user(), foreign()));
beforeAll(async () => {
  await foreign().sql.unsafe(`
    create table orders (id int primary key, total numeric(10,2));
    insert into orders select n, n / 2.0 from generate_series(1, 2000) as n;
    create table closed (id int);
    create sequence numbers;
    create function increase() returns bigint language sql volatile as 'select nextval(''numbers'')';
    grant all on orders, numbers to public`);
});

/** Number of the server's sessions of the source's role. */
const sessions = async () =>
  await foreign()
    .sql`select state, query from pg_stat_activity where usename = ${String(foreign().settings.user)}`;

describe("OK", () => {
  test("a query, and its transaction is over", async () => {
    const sql = "select id, total from orders order by id limit 2; -- two";
    expect(await query(user(), sourceId(), sql)).toEqual({
      columns: ["id integer", "total numeric"],
      rows: [
        [1, "0.50"],
        [2, "1.00"],
      ],
      truncated: false,
    });
    await eventually(sessions).toEqual([{ state: "idle", query: "discard all" }]);
  });

  test.each([
    "table orders limit 1",
    "values (1)",
    "(select 1)",
    "with o as (table orders) select 1 from o limit 1",
  ])("the statement %s", async (sql) => {
    expect((await query(user(), sourceId(), sql)).rows).toHaveLength(1);
  });

  test("every type as the contract spells it", async () => {
    const values: [string, unknown][] = [
      ["true", true],
      ["1::int2", 1],
      ["2147483647", 2147483647],
      ["9007199254740993::int8", "9007199254740993"],
      ["4294967295::oid", 4294967295],
      ["1.50::numeric(10,2)", "1.50"],
      ["'NaN'::numeric", "NaN"],
      ["1.1::float4", 1.1],
      ["0.1::float8 + 0.2::float8", 0.30000000000000004],
      ["'NaN'::float8", "NaN"],
      ["'-Infinity'::float8", "-Infinity"],
      ["'é 🧾'::text", "é 🧾"],
      ["'ab'::char(4)", "ab  "],
      ["'\\xaa00'::bytea", "qgA="],
      ["b'101'", "101"],
      ["date '2020-02-29'", "2020-02-29"],
      ["date '0044-03-15 BC'", "-000043-03-15"],
      ["date '12345-01-01'", "+012345-01-01"],
      ["date 'infinity'", "infinity"],
      ["time '10:00:00.5'", "10:00:00.5"],
      ["timetz '10:00:00+05:30'", "10:00:00+05:30"],
      ["timestamp '1969-12-31 23:59:59.999999'", "1969-12-31T23:59:59.999999"],
      ["timestamptz '2020-01-01 00:00:00+02'", "2019-12-31T22:00:00Z"],
      ["timestamptz '-infinity'", "-infinity"],
      ["interval '14 months -3 days 90 seconds'", "P1Y2M-3DT1M30S"],
      ["interval '0 seconds'", "PT0S"],
      ["'6f2d1fe0-2d53-4f37-b9a5-4a24a4cbb1f7'::uuid", "6f2d1fe0-2d53-4f37-b9a5-4a24a4cbb1f7"],
      ["'{\"a\":[1,9007199254740993,1e400]}'::json", { a: [1, "9007199254740993", "1e400"] }],
      ["'[null,true]'::jsonb", [null, true]],
      ["array[1,null]", [1, null]],
      ["array[array['a \"b\\'], array['{NULL,x}']]", [['a "b\\'], ["{NULL,x}"]]],
      ["'[0:1]={1.5,2}'::numeric[]", "[0:1]={1.5,2}"],
      ["'{}'::date[]", []],
      ["array['2020-01-01'::date]", ["2020-01-01"]],
      ["row(1,'x')", "(1,x)"],
      ["int4range(1,5)", "[1,5)"],
      ["null", null],
    ];
    const { rows } = await query(user(), sourceId(), `select ${values.map(([sql]) => sql).join(", ")}`);
    expect(rows).toEqual([values.map(([, spelled]) => spelled)]);
  });

  test("truncated: as many rows as asked for, a thousand by default, 3 MiB at the most", async () => {
    const sql = "select id from orders order by id desc";
    expect(await query(user(), sourceId(), sql, { maxRows: 2 })).toMatchObject({
      rows: [[2000], [1999]],
      truncated: true,
    });
    const byDefault = await query(user(), sourceId(), sql);
    expect([byDefault.rows.length, byDefault.truncated]).toEqual([1000, true]);
    const all = await query(user(), sourceId(), sql, { maxRows: 2000 });
    expect([all.rows.length, all.truncated]).toEqual([2000, false]);
    const wide = await query(user(), sourceId(), "select repeat('x', 1048476) from orders");
    expect([wide.rows.length, wide.truncated]).toEqual([3, true]);
  });

  test("truncated: rows beyond 3 MiB are not decoded, so that they can be far larger than the first ones", async () => {
    const wide = "(select array_agg('abc'::text) from generate_series(1, 600000))";
    const sql = `select case when id > 10 then ${wide} else '{}'::text[] end from orders order by id limit 30`;
    const { rows, truncated } = await query(user(), sourceId(), sql);
    expect([rows, truncated]).toEqual([Array.from({ length: 10 }, () => [[]]), true]);
  });

  test("no rows, and no columns", async () => {
    expect(await query(user(), sourceId(), "select id from orders where false")).toEqual({
      columns: ["id integer"],
      rows: [],
      truncated: false,
    });
    expect(await query(user(), sourceId(), "select from orders limit 2")).toEqual({
      columns: [],
      rows: [[], []],
      truncated: false,
    });
  });
});

describe("refused", () => {
  test.each([
    "insert into orders values (0, 0)",
    "update orders set total = 0",
    "delete from orders",
    "merge into orders using orders as o on false when not matched then insert values (0, 0)",
    "with gone as (delete from orders returning *) select * from gone",
    "with o as (table orders) delete from orders",
    "select * into copied from orders",
    "select * from orders for update",
    "truncate orders",
    "create table t (n int)",
    "drop table orders",
    "copy orders to stdout",
    "copy (select 1) to program 'true'",
    "set statement_timeout = 0",
    "reset all",
    "show all",
    "do $$ begin end $$",
    "call increase()",
    "explain analyze select 1",
    "begin",
    "commit",
    "rollback",
    "lock table orders",
    "listen x",
    "prepare p as select 1",
    "vacuum",
    "select 1; select 2",
    "select 1; commit; drop table orders",
    "select increase()",
    "select nextval('numbers')",
    "select lo_create(0)",
    "select set_config('transaction_read_only', 'off', false)",
    "select pg_read_file('/etc/passwd')",
    "select id from closed",
  ])("InvalidArgument STATEMENT_REFUSED: %s", async (sql) => {
    expect(await failureOf(user().executions.executeQuery({ sourceId: sourceId(), sql }))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "STATEMENT_REFUSED",
    });
  });

  test("OK: afterwards nothing has changed", async () => {
    expect((await query(user(), sourceId(), "select count(*), sum(total) from orders")).rows).toEqual([
      ["2000", "1000500.00"],
    ]);
    expect(await foreign().sql`select last_value, is_called from numbers`).toMatchObject([
      { is_called: false },
    ]);
  });

  test.each([
    ["selec 1", 'syntax error at or near "selec" at character 1'],
    ["-- nothing", "syntax error at end of input"],
    ["select * from nothing", 'relation "nothing" does not exist at character 15'],
    ["select '🧾', nothing from orders", 'column "nothing" does not exist at character 13'],
    ["select $1", "parameters are not taken: write the values into the statement"],
    ["select 1 / (id - 1) from orders", "division by zero"],
    ["select 'x'::int", 'invalid input syntax for type integer: "x" at character 8'],
  ])("InvalidArgument SQL_INVALID: %s", async (sql, message) => {
    const failure = await failureOf(user().executions.executeQuery({ sourceId: sourceId(), sql }));
    expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "SQL_INVALID" });
    expect(failure.message).toContain(message);
  });

  test("FailedPrecondition: Sluice's own database", async () => {
    const url = new URL(mesh().database.urls.identity);
    mesh().peers.addSecret(user().who, "own", decodeURIComponent(url.password));
    const own = {
      ...foreign().settings,
      database: url.pathname.slice(1),
      user: decodeURIComponent(url.username),
      passwordSecret: "own",
    };
    const ownId = await createSource(user(), "postgresql", own);
    expect(await failureOf(user().executions.executeQuery({ sourceId: ownId, sql: "select 1" }))).toEqual({
      code: Code.FailedPrecondition,
      reason: "ADDRESS_REFUSED",
      fields: [],
      message: "this is Sluice's own database: it can't be a source",
    });
  });
});

describe("stopped", () => {
  test.each(["select pg_sleep(60)", "select count(*) from generate_series(1, 10000000000) as n, orders"])(
    "DeadlineExceeded: %s, and nothing goes on in the source",
    async (sql) => {
      const call = user().executions.executeQuery({ sourceId: sourceId(), sql, timeout: { seconds: 1n } });
      expect(await failureOf(call)).toEqual({
        code: Code.DeadlineExceeded,
        reason: "EXECUTION_LIMIT",
        fields: [],
        message: "the statement ran longer than the 1 s that `timeout` allows",
      });
      await eventually(sessions).toEqual([]);
    },
  );

  test("Canceled: the caller goes away, and nothing goes on in the source", async () => {
    const caller = new AbortController();
    const request = { sourceId: sourceId(), sql: "select pg_sleep(60)" };
    const call = failureOf(user().executions.executeQuery(request, { signal: caller.signal }));
    await eventually(sessions).toMatchObject([{ state: "active", query: expect.stringContaining("fetch") }]);
    caller.abort();
    expect(await call).toMatchObject({ code: Code.Canceled });
    await eventually(sessions).toEqual([]);
  });

  test("Unavailable: the connection is cut while the statement runs", async () => {
    const call = failureOf(
      user().executions.executeQuery({ sourceId: sourceId(), sql: "select pg_sleep(60)" }),
    );
    await eventually(sessions).toMatchObject([{ state: "active", query: expect.stringContaining("fetch") }]);
    for (const connection of foreign().connections) connection.destroy();
    expect(await call).toMatchObject({ code: Code.Unavailable, reason: "SOURCE_UNREACHABLE" });
    await foreign().sql`
      select pg_terminate_backend(pid) from pg_stat_activity where usename = ${String(foreign().settings.user)}`;
  });

  test("ResourceExhausted: rows that are larger than an answer, or than a session", async () => {
    for (const size of [4_000_000, 80_000_000]) {
      const sql = `select repeat('x', ${size})`;
      expect(await failureOf(user().executions.executeQuery({ sourceId: sourceId(), sql }))).toMatchObject({
        code: Code.ResourceExhausted,
        reason: "EXECUTION_LIMIT",
      });
    }
    await eventually(sessions).toEqual([]);
  });
});
