import { describe, expect, test } from "vitest";
import { query, statements } from "../../services/orchestration/engine/gate/query-rule.ts";
import { checkAll, type Json } from "../../services/orchestration/engine/gate/rule.ts";
import { oneTable } from "../../services/orchestration/engine/gate/table-rule.ts";
import { forFile } from "../lib/for-file.ts";
import { createStatementRunner } from "./statement-runner.ts";

const runner = forFile(createStatementRunner);

const column = { class: "COLUMN_REF", type: "COLUMN_REF", column_names: ["id"] };
const from = { type: "BASE_TABLE", table_name: "orders" };
const select = { type: "SELECT_NODE", select_list: [column], from_table: from };

const check = (node: Json, statement: { [key: string]: Json } = {}) =>
  checkAll([{ node, ...statement }], statements, {
    source: { ...oneTable("orders"), hasColumn: () => true },
    query,
  });

describe("the tree of a later DuckDB", () => {
  test("OK: what is known", () => {
    expect(() => check(select)).not.toThrow();
  });

  test.each<[string, Json]>([
    ["a field of a query", { ...select, wherever: column }],
    ["a kind of query", { ...select, type: "STATEMENT_NODE" }],
    ["a kind of table reference", { ...select, from_table: { ...from, type: "COLUMN_DATA" } }],
    ["a field of a table reference", { ...select, from_table: { ...from, options: [] } }],
    ["a class of expressions", { ...select, select_list: [{ ...column, class: "SECRET" }] }],
    ["a type of a class", { ...select, select_list: [{ ...column, type: "OTHER_REF" }] }],
    ["a field of an expression", { ...select, having: { ...column, evaluate: "SELECT 1" } }],
    ["a clause", { ...select, modifiers: [{ type: "INTO_MODIFIER", path: "x" }] }],
    ["a key of every object", { ...select, constructor: 1 }],
    ["a list that is none", { ...select, select_list: column }],
    ["an object where a text was", { ...select, from_table: { ...from, alias: column } }],
    ["a method of sampling", { ...select, sample: { method: "Query" } }],
    [
      "a kind of join",
      { ...select, from_table: { type: "JOIN", left: from, right: from, join_type: "REMOTE" } },
    ],
  ])("statementRefused: %s that no list has", (_, node) => {
    expect(() => check(node)).toThrow(expect.objectContaining({ kind: "statementRefused" }));
  });

  test("statementRefused: a field of a statement that no list has", () => {
    expect(() => check(select, { hints: [] })).toThrow(expect.objectContaining({ kind: "statementRefused" }));
  });

  test("OK: a tree that is deeper than a stack", () => {
    let node: Json = select;
    for (let depth = 0; depth < 200_000; depth++) {
      node = { type: "SET_OPERATION_NODE", setop_type: "UNION", left: node, right: select };
    }
    expect(() => check(node)).not.toThrow();
  });
});

describe("names of tables", () => {
  test.each([
    "WITH a AS (SELECT 1 AS n), b AS (FROM a) FROM b",
    "WITH a AS (SELECT 1 AS n) SELECT (SELECT n FROM a)",
    "WITH a AS (SELECT 1 AS n) SELECT n FROM (WITH b AS (FROM a) FROM b)",
    "WITH A AS (SELECT 1 AS n) FROM a",
    "WITH RECURSIVE a AS (SELECT 1 AS n UNION SELECT n FROM a) FROM a",
    "WITH a AS NOT MATERIALIZED (SELECT 1 AS n) FROM a ORDER BY (SELECT n FROM a)",
    "WITH a AS (SELECT 1 AS n), b AS (WITH c AS (FROM a) FROM c UNION FROM a) SELECT n FROM b WHERE NOT EXISTS (FROM b WHERE n = 2)",
  ])("OK: %s", async (sql) => {
    expect((await runner().run(sql)).rows).toEqual([[1]]);
  });

  test.each([
    ["WITH a AS (FROM b), b AS (SELECT 1) FROM a", "b"],
    ["WITH a AS (FROM a) FROM a", "a"],
    ["WITH RECURSIVE a AS (FROM a UNION SELECT 1) FROM a", "a"],
    ["WITH RECURSIVE a AS (FROM a) FROM a", "a"],
    ["SELECT (WITH a AS (SELECT 1) SELECT 1), n FROM a", "a"],
    ["WITH a AS (WITH b AS (SELECT 1) FROM b) FROM b", "b"],
    ['WITH "\u212A" AS (SELECT 1) FROM k', "k"],
  ])("sqlInvalid: out of scope: %s", async (sql, name) => {
    expect(await runner().failureOf(sql)).toEqual({
      kind: "sqlInvalid",
      message: `the table "${name}" does not exist: this source has the table "orders"`,
    });
  });
});

describe("names that are functions where no column has them", () => {
  test.each(["current_user", "CURRENT_SCHEMA", "session_user", '"user"', "current_role", "current_catalog"])(
    "statementRefused: %s, but not a column of that name",
    async (name) => {
      expect(await runner().failureOf(`SELECT ${name}`)).toMatchObject({ kind: "statementRefused" });
      const plain = name.replaceAll('"', "").toLowerCase();
      expect((await runner().run(`SELECT ${name} FROM (SELECT 1 AS "${plain}")`)).rows).toEqual([[1]]);
    },
  );
});

describe("a refused call in each place that takes an expression", () => {
  test.each([
    "SELECT version() AS id",
    "SELECT * REPLACE (version() AS id) FROM orders",
    "SELECT COLUMNS(c -> c = version()) FROM orders",
    "SELECT COLUMNS(version()) FROM orders",
    "SELECT DISTINCT ON (version()) id FROM orders",
    "FROM orders WHERE region = version()",
    "SELECT count(*) FROM orders GROUP BY version()",
    "SELECT count(*) FROM orders GROUP BY GROUPING SETS ((version()), ())",
    "SELECT count(*) FROM orders HAVING version() = ''",
    "FROM orders QUALIFY version() = ''",
    "FROM orders ORDER BY version()",
    "FROM orders LIMIT len(version())",
    "FROM orders LIMIT 1 OFFSET len(version())",
    "FROM orders LIMIT (len(version()))%",
    "FROM orders a JOIN orders b ON version() = ''",
    "FROM orders a ASOF JOIN orders b ON a.day >= b.day AND a.region = version()",
    "FROM orders, LATERAL (SELECT version())",
    "FROM orders, unnest([version()])",
    "FROM range(len(version()))",
    "VALUES (version())",
    "FROM (VALUES (1, version()))",
    "PIVOT orders ON region || version() IN ('x') USING count(*)",
    "PIVOT orders ON region IN ('x') USING max(version())",
    "FROM (UNPIVOT orders ON COLUMNS(c -> c = version()))",
    "SELECT sum(id) FILTER (version() = '') FROM orders",
    "SELECT list(id ORDER BY version()) FROM orders",
    "SELECT sum(id) OVER (PARTITION BY version()) FROM orders",
    "SELECT sum(id) OVER (ORDER BY version()) FROM orders",
    "SELECT sum(id) OVER (ORDER BY id ROWS len(version()) PRECEDING) FROM orders",
    "SELECT sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND len(version()) FOLLOWING) FROM orders",
    "SELECT lag(region, len(version())) OVER () FROM orders",
    "SELECT lag(region, 1, version()) OVER () FROM orders",
    "SELECT sum(id) FILTER (version() = '') OVER () FROM orders",
    "SELECT first_value(id ORDER BY version()) OVER () FROM orders",
    "SELECT sum(id) OVER w FROM orders WINDOW w AS (PARTITION BY version())",
    "SELECT CASE version() WHEN 'x' THEN 1 END",
    "SELECT CASE WHEN true THEN version() END",
    "SELECT CASE WHEN true THEN 1 ELSE version() END",
    "SELECT version() BETWEEN 'a' AND 'b', 'a' BETWEEN version() AND 'b'",
    "SELECT 'a' IN ('b', version())",
    "SELECT version() IN (SELECT 'x')",
    "SELECT EXISTS (SELECT version())",
    "SELECT TRY(version()), COALESCE(NULL, version())",
    "SELECT version()::VARCHAR, TRY_CAST(version() AS INTEGER)",
    "SELECT version() COLLATE NOCASE",
    "SELECT [1][len(version())], 'a'[1:len(version())]",
    "SELECT {'v': version()}, MAP {'v': version()}, [version()], (1, version())",
    "SELECT now() AT TIME ZONE version()",
    "SELECT INTERVAL (len(version())) DAY",
    "SELECT 'x' LIKE version() ESCAPE '#'",
    "SELECT max(version()), count(DISTINCT version())",
    "SELECT NOT version() = '', version() IS NULL, -len(version())",
    "SELECT 1 UNION SELECT version()",
    "WITH RECURSIVE r AS (SELECT 'x' AS v UNION SELECT version() FROM r) FROM r",
    "DESCRIBE SELECT version()",
    "SUMMARIZE SELECT version()",
    "FROM (SUMMARIZE SELECT version() AS v)",
    "SELECT x: version()",
    "SELECT region.concat(version()) FROM orders",
    "SELECT (((SELECT (SELECT version()))))",
  ])("statementRefused: %s", async (sql) => {
    expect(await runner().failureOf(sql)).toEqual({
      kind: "statementRefused",
      message: "the function version is not available: it is about the server",
    });
  });
});
