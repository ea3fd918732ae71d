import { attachDatabase } from "../database/attach-database.ts";
import { openSandbox } from "../database/sandbox.ts";
import { gateDatabaseStatement } from "../gate/gate-database.ts";
import type { Task } from "../protocol.ts";
import { asFailure, describeResult, readRowsOf, type StatementResult } from "./run-statement.ts";

/** Runs one statement over the tables of a database file and returns its first rows. */
export async function runDatabaseStatement(task: Task & { kind: "queryDatabase" }): Promise<StatementResult> {
  const connection = await openSandbox(task, { define: attachDatabase });
  try {
    return await asFailure("sqlInvalid", async () => {
      const { describes, isRepeatable } = await gateDatabaseStatement(connection, task.sql);
      const columns = await describeResult(connection, task.sql);
      const statement = { ...task, tableName: "sluice", describes };
      return { ...(await readRowsOf(connection, statement, columns)), isRepeatable };
    });
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}
