import { join } from "node:path";
import { expect, test } from "vitest";
import { openSandbox } from "../../services/orchestration/engine/database/sandbox.ts";
import { gateStatement } from "../../services/orchestration/engine/gate/gate-statement.ts";
import { forFile } from "../lib/for-file.ts";
import { createStatementRunner, memoryBytes } from "./statement-runner.ts";

const runner = forFile(createStatementRunner);

async function isRepeatable(sql: string): Promise<boolean> {
  const task = { path: runner().path, spillDirectory: join(runner().folder, "spill"), memoryBytes };
  const connection = await openSandbox(task, {
    async define(opened) {
      await opened.run(`CREATE VIEW orders AS FROM read_parquet('${runner().path}')`);
    },
  });
  try {
    return (await gateStatement(connection, sql, "orders")).isRepeatable;
  } finally {
    connection.closeSync();
  }
}

test.each([
  "FROM orders",
  "SELECT count(*), sum(id), list(id ORDER BY id) FROM orders GROUP BY id % 2 ORDER BY ALL",
  "SELECT id, row_number() OVER (ORDER BY id) FROM orders QUALIFY rank() OVER (ORDER BY id) < 3",
  "FROM range(DATE '2020-01-01', DATE '2020-02-01', INTERVAL 1 day)",
  "SELECT id FROM orders WHERE 'right now' <> 'today is' COLLATE NOCASE",
  "SUMMARIZE orders",
  "DESCRIBE orders",
])("OK: the result of %s is the same each time", async (sql) => {
  expect(await isRepeatable(sql)).toBe(true);
});

test.each([
  "SELECT random() FROM orders",
  "SELECT UUID()",
  "SELECT now()",
  "SELECT current_date",
  "SELECT current_timestamp",
  "SELECT localtime",
  "SELECT id FROM orders WHERE DATE '2020-01-01' < Today()",
  "SELECT ago(INTERVAL 1 day)",
  "SELECT age(TIMESTAMP '2020-01-01')",
  "SELECT TIMETZ '12:00:00+00' AT TIME ZONE 'Europe/Paris'",
  "FROM range(DATE '2020-01-01', current_date, INTERVAL 1 day)",
  "SELECT list_aggregate([1, 2, 3], 'reservoir_quantile', 0.5)",
  "SELECT * FROM (SELECT 1 WHERE (WITH a AS (SELECT gen_random_uuid() AS u) SELECT count(u) FROM a) = 1)",
  "FROM orders USING SAMPLE 2",
  "FROM orders TABLESAMPLE 50%",
  "SELECT list_transform([1], lambda x: x + random())",
])("OK: that of %s is not", async (sql) => {
  expect(await isRepeatable(sql)).toBe(false);
});
