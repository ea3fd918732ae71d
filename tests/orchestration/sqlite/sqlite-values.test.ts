import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ResultFormat } from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { forFile } from "../../lib/for-file.ts";
import { failureOf, query, startOrchestration } from "../orchestration.ts";
import { linesOf, stream } from "../result-streams.ts";
import { readTable, rowsOf, sourceOf, sqliteBytes } from "./sqlite-file.ts";

const mesh = forFile(startOrchestration);

async function open(sql: string, settings = {}) {
  const user = mesh().user();
  return { user, sourceId: await sourceOf(mesh(), user, await sqliteBytes(sql), settings) };
}

const exact = `
  create table exact (
    i integer, r real, t text, b blob, yes boolean, d date, at datetime, clock time, n decimal(10, 2), anything);
  insert into exact values
    (9223372036854775807, 0.1, 'żółw 🐢', x'0041', 1, '2024-02-29', '2024-02-29 23:59:59.000001', '23:59:59', 12.5, 1),
    (-9223372036854775808, -1e308, '', x'', 0, '0001-01-01', '9999-12-31T00:00:00', '00:00:00.5', 3, 2),
    (null, null, null, null, null, null, null, null, null, null),
    (9007199254740993, 5e-324, '\\N', x'31', 1, '1970-01-01', '1970-01-01 00:00:00', '12:00:00', -0.01, 3);`;

describe("values", () => {
  test("OK: each value as it is, by the declared type of its column", async () => {
    const { user, sourceId } = await open(exact);
    const rows = await rowsOf(user, sourceId, "exact");
    expect(rows.map(({ i }) => i)).toEqual([2n ** 63n - 1n, -(2n ** 63n), null, 9007199254740993n]);
    expect(rows.map(({ r }) => r)).toEqual([0.1, -1e308, null, 5e-324]);
    expect(rows.map(({ t }) => t)).toEqual(["żółw 🐢", "", null, "\\N"]);
    expect(rows.map(({ b }) => b && Buffer.from(b as Uint8Array).toString("hex"))).toEqual([
      "0041",
      "",
      null,
      "31",
    ]);
    expect(rows.map(({ yes }) => yes)).toEqual([true, false, null, true]);
    const days = rows.map(({ d }) => d && (d as Date).toISOString().slice(0, 10));
    expect(days).toEqual(["2024-02-29", "0001-01-01", null, "1970-01-01"]);
    expect(rows.map(({ n }) => n)).toEqual([12.5, 3, null, -0.01]);
    expect(rows.map(({ anything }) => anything)).toEqual([1n, 2n, null, 3n]);
  });

  test("OK: the same in a result and in a written one", async () => {
    const { user, sourceId } = await open(exact);
    const sql = "select i, r, t, b, d, at, clock, i + 0 as sum from exact";
    const { columns, rows } = await query(user, sourceId, sql);
    expect(columns.slice(0, 4)).toEqual(["i INTEGER", "r REAL", "t TEXT", "b BLOB"]);
    expect(rows[0]).toEqual([
      "9223372036854775807",
      0.1,
      "żółw 🐢",
      "AEE=",
      "2024-02-29",
      "2024-02-29 23:59:59.000001",
      "23:59:59",
      "9223372036854775807",
    ]);
    const lines = linesOf(await stream(user, sourceId, sql, ResultFormat.NDJSON));
    expect(lines[0]).toMatchObject({
      i: "9223372036854775807",
      r: 0.1,
      b: "AEE=",
      d: "2024-02-29",
      at: "2024-02-29T23:59:59.000001",
      clock: "23:59:59",
      sum: "9223372036854775807",
    });
    expect(lines).toHaveLength(4);
  });

  const misfits: [string, string, string][] = [
    ["i integer", "'abc'", "a text that is not of the type BIGINT"],
    ["i integer", "2.5", "the number 2.5, which is not of the type BIGINT"],
    ["t text", "x'ff'", "a blob, which is not of the type VARCHAR"],
    ["t text", "cast(x'41ff' as text)", "a text that is not UTF-8"],
    ["t text", "cast(x'410042' as text)", "a text with a NUL character"],
    ["b blob", "'text'", "a text that is not of the type BLOB"],
    ["d date", "'2023-02-29'", "a text that is not of the type DATE"],
    ["d date", "'29.02.2024'", "a text that is not of the type DATE"],
    ["d date", "1700000000", "the integer 1700000000, which is not of the type DATE"],
    ["at timestamp", "'2024-01-01 00:00:00.1234567'", "a text that is not of the type TIMESTAMP"],
    ["at timestamp", "'2024-01-01T00:00:00Z'", "a text that is not of the type TIMESTAMP"],
    ["yes boolean", "2", "the integer 2, which is not of the type BOOLEAN"],
    ["n numeric", "9007199254740993", "the integer 9007199254740993, which is not of the type DOUBLE"],
  ];

  test("FailedPrecondition SOURCE_DATA_INVALID: a value that does not fit, by table, column and rowid", async () => {
    const tables = misfits.map(
      ([column, value], index) =>
        `create table t${index} (${column}); insert into t${index} (rowid, ${column.split(" ")[0]}) values (7, ${value});`,
    );
    const { user, sourceId } = await open(tables.join("\n"));
    await user.catalog.discover({ sourceId });
    for (const [index, [column, , problem]] of misfits.entries()) {
      const failure = await failureOf(readTable(user, sourceId, `t${index}`));
      const place = `the table "t${index}", column "${column.split(" ")[0]}", rowid 7 has ${problem}`;
      expect(failure).toMatchObject({ code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" });
      expect(failure.message).toContain(place);
    }
  });

  test("FailedPrecondition SOURCE_DATA_INVALID: a text that is not UTF-8 in a result", async () => {
    const { user, sourceId } = await open(
      "create table t (a text); insert into t values (cast(x'41ff' as text))",
    );
    for (const sql of [
      "select a from t",
      "select cast(x'c328' as text) as a",
      "select a || 'x' as a from t",
    ]) {
      const refused = { code: Code.FailedPrecondition, reason: "SOURCE_DATA_INVALID" };
      expect(await failureOf(query(user, sourceId, sql))).toMatchObject(refused);
      const written = await failureOf(stream(user, sourceId, sql, ResultFormat.NDJSON));
      expect(written).toMatchObject({ ...refused, message: expect.stringContaining('column "a", row 1') });
    }
  });

  test("OK: settings.columnTypes names another type, and a wrong name is refused", async () => {
    const sql =
      "create table t (d date, v); insert into t values (1700000000, 1), ('soon', 'two'), (2.5, null)";
    const { user, sourceId } = await open(sql, { columnTypes: { t: { d: "VARCHAR", v: "VARCHAR" } } });
    expect(await rowsOf(user, sourceId, "t")).toEqual([
      { d: "1700000000", v: "1" },
      { d: "soon", v: "two" },
      { d: "2.5", v: null },
    ]);
    const wrong = await open(sql, { columnTypes: { other: { d: "VARCHAR" } } });
    const discovery = await failureOf(wrong.user.catalog.discover({ sourceId: wrong.sourceId }));
    expect(discovery.message).toContain('settings.columnTypes names the table "other"');
    const mixed = await open(sql);
    const failure = await failureOf(rowsOf(mixed.user, mixed.sourceId, "t"));
    expect(failure.message).toContain(
      '"t.v" has no declared type, and values of several (integer, null, text)',
    );
  });

  test("OK: odd names, views, generated columns, tables without row ids, and 2,000 columns", async () => {
    const wide = Array.from({ length: 2000 }, (_, index) => `c${index} integer`).join(", ");
    const { user, sourceId } = await open(`
      create table "a ""b"".🐢" ("x ""y""" integer, "żółw.1" text, double integer as ("x ""y""" * 2));
      insert into "a ""b"".🐢" values (1, 'one'), (2, 'two'), (3, 'three');
      create view shown as select "x ""y""" as x, count(*) as n from "a ""b"".🐢" group by 1;
      create view broken as select * from absent;
      create table keyed (k text primary key, rowid text) without rowid;
      insert into keyed values ('a', 'b');
      create table wide (${wide}); insert into wide (c0, c1999) values (1, 2);`);
    expect(await rowsOf(user, sourceId, 'a "b".🐢')).toEqual([
      { 'x "y"': 1n, "żółw.1": "one", double: 2n },
      { 'x "y"': 2n, "żółw.1": "two", double: 4n },
      { 'x "y"': 3n, "żółw.1": "three", double: 6n },
    ]);
    const { tables } = await user.catalog.listTables({ sourceId });
    expect(tables.map(({ name }) => name).toSorted()).toEqual(['a "b".🐢', "keyed", "shown", "wide"]);
  });
});
