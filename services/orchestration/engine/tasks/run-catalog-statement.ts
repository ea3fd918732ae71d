import { openCatalog } from "../catalog/open-catalog.ts";
import { describeResult } from "../catalog/plan-statement.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import type { Task } from "../protocol.ts";
import { readResult } from "./run-statement.ts";

/** Runs one statement over tables of the catalog and returns its first rows. */
export async function runCatalogStatement(task: Task & { kind: "queryCatalog" }) {
  const { sql, tables, maxRows } = task;
  const { connection, isRepeatable } = await openCatalog(task, { sql, tables });
  try {
    const columns = await describeResult(connection, sql);
    const result = await readResult(connection, { sql, tableName: "sluice", maxRows }, columns);
    return { ...result, isRepeatable };
  } catch (error) {
    throw toEngineFailure(error, "sqlInvalid");
  } finally {
    connection.closeSync();
  }
}
