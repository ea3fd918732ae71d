import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import type { QueryResult } from "../../results/query-result.ts";
import { collectRows } from "../database/collect-rows.ts";
import { toEngineFailure } from "../engine-failure.ts";
import { readerOf } from "../database/file-reader.ts";
import { gateStatement } from "../gate/gate-statement.ts";
import { passOnce } from "../gate/passed-statements.ts";
import type { Task, TypedColumn } from "../protocol.ts";
import { withView } from "../database/sandbox.ts";
import { identifier } from "../sql-text.ts";

/** Runs one statement over the file, which it sees as a table, and answers its first rows. */
export const runStatement = (task: Task & { kind: "query" }): Promise<QueryResult> =>
  withView(
    task,
    { name: task.tableName, from: readerOf(task.path, task.reading) },
    {
      define: (create) => asFailure("sourceDataInvalid", create),
      run: (connection) =>
        asFailure("sqlInvalid", async () => {
          const { describes, columns } = await pass(connection, task);
          return describes
            ? readDescription(connection, task, columns)
            : readResult(connection, task, columns);
        }),
    },
  );

/** Sends a statement through the gate, and finds out what columns its result has. */
async function pass(connection: DuckDBConnection, { sql, tableName }: Statement) {
  const tableColumns = await describeResult(connection, `FROM ${identifier(tableName)}`);
  const { describes } = await passOnce({ sql, tableName, tableColumns }, () =>
    gateStatement(connection, sql, tableName),
  );
  // A type within another one may have a name that the columns of the table do not show.
  return { describes, columns: await describeResult(connection, sql) };
}

async function asFailure<T>(usual: "sourceDataInvalid" | "sqlInvalid", work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineFailure(error, usual);
  }
}

async function describeResult(connection: DuckDBConnection, sql: string): Promise<TypedColumn[]> {
  const statement = await connection.prepare(sql);
  return Array.from({ length: statement.columnCount }, (_, index) => describeColumn(statement, index));
}

function describeColumn(statement: DuckDBPreparedStatement, index: number): TypedColumn {
  const type = statement.columnType(index);
  return { name: statement.columnName(index), dataType: type.alias ?? type.toString() };
}

type Statement = { readonly sql: string; readonly tableName: string; readonly maxRows: number };

/**
 * The rows are put into a table first. A result that is streamed ends early without a word when the statement fails
 * after the first rows, and then looks complete; and a table's rows, but not a result's, count as DuckDB's memory.
 */
async function readResult(
  connection: DuckDBConnection,
  { sql, tableName, maxRows }: Statement,
  columns: readonly TypedColumn[],
): Promise<QueryResult> {
  const [view, table] = ["statement", "result"].map((name) => identifier(`${tableName} (${name})`));
  // The statement ends the view's text, so that a semicolon or a comment at its end does no harm.
  await connection.run(`CREATE TEMP VIEW ${view} AS ${sql}`);
  await connection.run(`CREATE TEMP TABLE ${table} AS FROM ${view} LIMIT ${maxRows + 1}`);
  return collect(await connection.stream(`FROM temp.${table}`), columns, maxRows);
}

/** A DESCRIBE or SUMMARIZE can't be a view. It has a row for each column, and all of them before the first is read. */
async function readDescription(
  connection: DuckDBConnection,
  { sql, maxRows }: Statement,
  columns: readonly TypedColumn[],
): Promise<QueryResult> {
  return collect(await connection.run(sql), columns, maxRows);
}

async function collect(
  result: DuckDBResult,
  columns: readonly TypedColumn[],
  maxRows: number,
): Promise<QueryResult> {
  return { columns, ...(await collectRows(result, maxRows)) };
}
