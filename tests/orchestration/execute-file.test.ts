import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, dataSet, query, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());
/** Creates a source with the table `cars`. */
const cars = forFile(async () => createFileSource(mesh(), user(), "cars.json", await dataSet("cars.json")));

test("OK: a query over CSV, and over Parquet with three million rows", async () => {
  const weather = await createFileSource(
    mesh(),
    user(),
    "seattle-weather.csv",
    await dataSet("seattle-weather.csv"),
  );
  const sql = `SELECT date, temp_max FROM "seattle-weather" ORDER BY temp_max DESC, date LIMIT 1`;
  expect((await query(user(), weather, sql)).rows).toEqual([["2014-08-11", "35.6"]]);
  const flights = await createFileSource(
    mesh(),
    user(),
    "flights.parquet",
    await dataSet("flights-3m.parquet"),
  );
  const count = "WITH f AS (FROM flights) SELECT count(*), sum(distance), min(date) FROM f";
  const { rows } = await query(user(), flights, count);
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
])("OK: the statement %s", async (sql) => {
  expect((await query(user(), cars(), sql)).rows).toHaveLength(1);
});

test("OK: DESCRIBE and SUMMARIZE of the table, and of a SELECT over it", async () => {
  const described = await query(user(), cars(), "DESCRIBE cars; -- columns");
  expect(described.columns.slice(0, 2)).toEqual(["column_name VARCHAR", "column_type VARCHAR"]);
  expect(described.rows[0]).toEqual(["Name", "VARCHAR", "YES", null, null, null]);
  expect((await query(user(), cars(), "DESCRIBE SELECT 1 AS one")).rows).toEqual([
    ["one", "INTEGER", "YES", null, null, null],
  ]);
  const summary = await query(user(), cars(), "SUMMARIZE cars");
  expect([summary.rows.length, summary.truncated]).toEqual([described.rows.length, false]);
  const sql = "SELECT min, max FROM (SUMMARIZE SELECT Cylinders FROM cars)";
  expect((await query(user(), cars(), sql)).rows).toEqual([["3", "8"]]);
  expect(await query(user(), cars(), "DESCRIBE cars", { maxRows: 1 })).toMatchObject({ truncated: true });
});

test("OK: every type as the contract spells it", async () => {
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
  const { columns, rows } = await query(user(), cars(), `SELECT ${values.map(([sql]) => sql).join(", ")}`);
  expect(rows).toEqual([values.map(([, spelled]) => spelled)]);
  expect(columns.map((column) => column.split(" ").at(-1)).slice(0, 3)).toEqual([
    "BOOLEAN",
    "TINYINT",
    "INTEGER",
  ]);
});

test("OK: columns of the same name keep their names", async () => {
  expect(await query(user(), cars(), "SELECT 1 AS a, 2 AS a")).toMatchObject({
    columns: ["a INTEGER", "a INTEGER"],
    rows: [[1, 2]],
  });
});

test("OK: truncated: as many rows as asked for, a thousand by default", async () => {
  const sql = "FROM range(1001) ORDER BY range DESC";
  expect(await query(user(), cars(), sql, { maxRows: 2 })).toMatchObject({
    rows: [["1000"], ["999"]],
    truncated: true,
  });
  const byDefault = await query(user(), cars(), sql);
  expect([byDefault.rows.length, byDefault.truncated]).toEqual([1000, true]);
  const all = await query(user(), cars(), sql, { maxRows: 1001 });
  expect([all.rows.length, all.truncated]).toEqual([1001, false]);
});

test("OK: truncated: as many rows as 3 MiB hold", async () => {
  const { rows, truncated } = await query(user(), cars(), "SELECT repeat('x', 1048576 - 100) FROM range(10)");
  expect([rows.length, truncated]).toEqual([3, true]);
});
