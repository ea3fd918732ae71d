import { expect, test } from "vitest";
import {
  checkStatement,
  isReading,
} from "../../../services/orchestration/connectors/mysql/statements/check-statement.ts";

test.each([
  "select 1",
  "  -- a comment\n (select 1) union (select 2)",
  "/* select */ with x as (select 1) select * from x",
  "values (1), (2)",
  "table orders",
  "select 'into outfile', \"for update; select\", `into`, `a;b` from t",
  "select 'it''s \\' into outfile' from t -- into outfile",
  "select 1 # into outfile\n",
  'select "a""; delete from t"',
  "select 5--1, 6 - -1, 1/2",
  "select 1 --\u0001 a comment\n",
  "select `a\\b`, 'c\\d'",
  "select substring(a from 1 for 2), `update` from t",
  "select into_date, date_into from t",
])("taken as it is: %s", (sql) => {
  expect(checkStatement(sql)).toBe(sql);
  expect(isReading(sql)).toBe(true);
});

test("taken without its semicolon and what is blank behind it", () => {
  expect(checkStatement("select 1; -- the end")).toBe("select 1");
  expect(checkStatement("select ';' ;\n")).toBe("select ';' ");
});

test.each([
  ["select 1; select 2", "one statement at a time"],
  ["select 1;;", "one statement at a time"],
  ["delete from orders", "only statements that read"],
  ["/* a */ update t set a = 1", "only statements that read"],
  ["((insert into t values (1)))", "only statements that read"],
  ["set global max_connections = 1", "only statements that read"],
  ["set statement max_statement_time = 0 for select 1", "only statements that read"],
  ["handler t open", "only statements that read"],
  ["call p()", "only statements that read"],
  ["load data infile 'x' into table t", "only statements that read"],
  ["do sleep(100)", "only statements that read"],
  ["show tables", "only statements that read"],
  ["select 1 into outfile '/tmp/x'", "INTO is not taken"],
  ["select 1.5into outfile '/tmp/x'", "INTO is not taken"],
  ["select 1/**/into/**/dumpfile '/tmp/x'", "INTO is not taken"],
  ["select '\\\\'into outfile '/tmp/x'", "INTO is not taken"],
  ["select `a``b`into @x", "INTO is not taken"],
  ["select a from t for update", "locking reads"],
  ["select a from t for /* */ share", "locking reads"],
  ["select a from t lock in share mode", "locking reads"],
  ["select a from t procedure analyse()", "PROCEDURE"],
  ["select /*!50000 sleep(1) */ 1", "comments with code or hints"],
  ["/*M!100000 delete from t */", "comments with code or hints"],
  ["select /*+ set_var(sql_mode = '') */ 1", "comments with code or hints"],
  ["select load_file('/etc/passwd')", "the function load_file"],
  ["select LOAD_FILE /* */ ('/etc/passwd')", "the function LOAD_FILE"],
  ["select `get_lock`('a', 1)", "the function get_lock"],
  ["select 1.5load_file(a)", "the function load_file"],
  ["select nextval(s)", "the function nextval"],
  // For the server these are two signs and a name.
  ["select 1 --\u00a0x, load_file('/etc/passwd') from (select 1 as \u00a0x) t", "the function load_file"],
  ["select 1 --\u0085x, get_lock('a', 1) from (select 1 as \u0085x) t", "the function get_lock"],
  ["select 1 --\ufeffx from (select 1 as \ufeffx) t lock in share mode", "locking reads"],
  ["select id from t where 1 or \\Nlock in share mode", "backslashes"],
])("STATEMENT_REFUSED: %s", (sql, problem) => {
  expect(() => checkStatement(sql)).toThrow(problem);
});

test("SQL_INVALID: a NUL character, which ends the text for some parsers", () => {
  expect(() => checkStatement("select 1\0")).toThrow("no NUL characters");
});

test("what is no statement is not one that reads", () => {
  for (const sql of ["selec 1", "", "selection", "1"]) expect(isReading(checkStatement(sql))).toBe(false);
});

test("a million characters take no time to speak of", () => {
  const texts = [
    `select '${"a".repeat(1_000_000)}`,
    `select ${"'a' ".repeat(250_000)}`,
    `select ${"/".repeat(1_000_000)}`,
  ];
  for (const sql of texts) expect(checkStatement(sql)).toBe(sql);
});
