import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { createFileSource, dataSet, failureOf, startOrchestration } from "./orchestration.ts";

const mesh = forFile(startOrchestration);
const user = forFile(() => mesh().user());
/** Creates a source with the table `cars`. */
const cars = forFile(async () => createFileSource(mesh(), user(), "cars.json", await dataSet("cars.json")));

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
  "SHOW TABLES",
  "DESCRIBE '/etc/passwd'",
  "SELECT json_serialize_plan('FROM json_execute_serialized_sql(1)')",
  "FROM arrow_scan(1::POINTER, 2::POINTER, 3::POINTER)",
  "SELECT version()",
  "SELECT Name.getenv() FROM cars",
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
  const failure = await failureOf(user().executions.executeQuery({ sourceId: cars(), sql }));
  expect(failure).toMatchObject({ code: Code.InvalidArgument, reason: "STATEMENT_REFUSED" });
  expect(failure.message).not.toContain(mesh().folder);
});

test.each([
  ["SELEC 1", 'syntax error at or near "SELEC" at character 1'],
  ["SELECT FROM WHERE", 'syntax error at or near "WHERE" at character 13'],
  ["-- nothing", "there is no statement in it"],
  ["FROM buses", 'the table "buses" does not exist: this source has the table "cars"'],
  ["SELECT nothing FROM cars", 'Referenced column "nothing" not found in FROM clause!'],
  ["SELECT $1", "parameters are not taken: write the values into the statement"],
  ["SELECT summ(1)", 'the function "summ" does not exist'],
  [`SELECT ${"(".repeat(40_000)}1${")".repeat(40_000)}`, "the statement is nested too deeply"],
  ["SELECT 'x'::INTEGER", "Could not convert string 'x' to INT32"],
  ["SELECT error('mine')", "mine"],
  ["SELECT CASE WHEN range = 5000000 THEN error('late') END FROM range(6000000) ORDER BY range DESC", "late"],
])("InvalidArgument SQL_INVALID: %s", async (sql, message) => {
  expect(await failureOf(user().executions.executeQuery({ sourceId: cars(), sql }))).toEqual({
    code: Code.InvalidArgument,
    reason: "SQL_INVALID",
    fields: [],
    message,
  });
});
