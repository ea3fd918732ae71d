import { join } from "node:path";
import { expect, test } from "vitest";
import { openSandbox } from "../../services/orchestration/engine/database/sandbox.ts";
import { gateStatement } from "../../services/orchestration/engine/gate/gate-statement.ts";
import { forFile } from "../lib/for-file.ts";
import { createStatementRunner, memoryBytes } from "./statement-runner.ts";

const runner = forFile(createStatementRunner);

/** Runs the gate with a macro planted under an allowed name. */
async function gateWith(planted: string, sql: string) {
  const task = { path: runner().path, spillDirectory: join(runner().folder, "spill"), memoryBytes };
  const connection = await openSandbox(task, {
    async define(opened) {
      await opened.run(`CREATE VIEW orders AS FROM read_parquet('${runner().path}')`);
      await opened.run(planted);
    },
  });
  try {
    return await gateStatement(connection, sql, "orders");
  } finally {
    connection.closeSync();
  }
}

test("OK: what stands in for nothing", async () => {
  expect(await gateWith("SELECT 1", "SELECT list_sum([id]) FROM orders")).toEqual({
    describes: false,
    isRepeatable: true,
  });
});

test.each([
  ["CREATE MACRO list_sum(l) AS version()", "SELECT list_sum([1])", "version"],
  [
    "CREATE MACRO list_sum(l) AS version()",
    "SELECT 1 AS x, list_transform([1], lambda x: list_sum([x]))",
    "version",
  ],
  ["CREATE MACRO list_sum(l) AS version()", "FROM orders ORDER BY list_sum([id])", "version"],
  [
    "CREATE MACRO list_sum(l) AS version()",
    "WITH x AS (SELECT list_sum([1]) AS y) SELECT count(y) FROM x",
    "version",
  ],
  [
    "CREATE MACRO list_sum(l) AS version()",
    "SELECT sum(id) FILTER (list_sum([1]) = '') OVER () FROM orders",
    "version",
  ],
  [
    "CREATE MACRO list_sum(l) AS (SELECT count(*) FROM duckdb_settings())",
    "SELECT list_sum([1])",
    "duckdb_settings",
  ],
  [
    "CREATE MACRO list_sum(l) AS (SELECT max(name) FROM duckdb_secrets())",
    "FROM orders WHERE list_sum([id]) = ''",
    "duckdb_secrets",
  ],
  ["CREATE MACRO json_each(j) AS TABLE FROM duckdb_settings()", "FROM json_each('{}')", "duckdb_settings"],
  [
    "CREATE TABLE hidden (n INTEGER); CREATE MACRO list_sum(l) AS (SELECT max(n) FROM hidden)",
    "SELECT list_sum([1])",
    "seq_scan",
  ],
  [
    "CREATE MACRO list_sum(l) AS json_serialize_sql('SELECT 1')",
    "SELECT list_sum([1])",
    "json_serialize_sql",
  ],
])("statementRefused: %s: %s", async (planted, sql, name) => {
  await expect(gateWith(planted, sql)).rejects.toMatchObject({
    kind: "statementRefused",
    message: expect.stringContaining(`function "${name}" is not available, by whatever name it is called`),
  });
});

test("statementRefused: the source's own file by a replacement scan", async () => {
  const planted = `CREATE MACRO repeat(x, n) AS TABLE FROM '${runner().path}'`;
  await expect(gateWith(planted, "FROM repeat(1, 2)")).rejects.toMatchObject({
    kind: "statementRefused",
    message: expect.stringMatching(/^the table function "\w*parquet\w*" is not available/i),
  });
});

test("statementRefused: a type as a value, of which no cast is in the statement", async () => {
  await expect(
    gateWith("CREATE MACRO list_sum(l) AS 'INTEGER'::TYPE", "SELECT list_sum([1])"),
  ).rejects.toMatchObject({
    kind: "statementRefused",
    message: 'the type "TYPE" is not available',
  });
});

test("OK: a table named like the gate's own", async () => {
  const task = { path: runner().path, spillDirectory: join(runner().folder, "spill"), memoryBytes };
  const name = "orders (empty)";
  const connection = await openSandbox(task, {
    async define(opened) {
      await opened.run(`CREATE VIEW "${name}" AS FROM read_parquet('${runner().path}')`);
    },
  });
  expect(await gateStatement(connection, `FROM "${name}"`, name)).toEqual({
    describes: false,
    isRepeatable: true,
  });
  connection.closeSync();
});
