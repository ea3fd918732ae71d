import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from "@duckdb/node-api";
import type { QueryResult } from "../../results/query-result.ts";
import { collectRows } from "../database/collect-rows.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { readerOf } from "../database/file-reader.ts";
import { withView } from "../database/sandbox.ts";
import { gateOnce } from "../gate/gate-once.ts";
import { gateStatement } from "../gate/gate-statement.ts";
import type { Task, TypedColumn } from "../protocol.ts";
import { identifier } from "../sql-text.ts";

export type StatementResult = QueryResult & { readonly isRepeatable: boolean };

/** Runs one statement over the file as a table and returns its first rows. */
export const runStatement = (task: Task & { kind: "query" }): Promise<StatementResult> =>
  withView(
    task,
    { name: task.tableName, from: readerOf(task.path, task.reading) },
    {
      define: (create) => asFailure("sourceDataInvalid", create),
      run: (connection) =>
        asFailure("sqlInvalid", async () => {
          const { describes, isRepeatable, columns } = await check(connection, task);
          return { ...(await readRowsOf(connection, { ...task, describes }, columns)), isRepeatable };
        }),
    },
  );

/** Checks a statement by the gate and describes the columns of its result. */
async function check(connection: DuckDBConnection, { sql, tableName }: Statement) {
  const tableColumns = await describeResult(connection, `FROM ${identifier(tableName)}`);
  const { describes, isRepeatable } = await gateOnce({ sql, tableName, tableColumns }, () =>
    gateStatement(connection, sql, tableName),
  );
  // The gate's result is cached by the table's columns, but nested types can differ under the same names: so the result is
  // described each time.
  return { describes, isRepeatable, columns: await describeResult(connection, sql) };
}

/** Runs work whose failures are of a kind, unless they say more. */
export async function asFailure<T>(
  fallback: "sourceDataInvalid" | "sqlInvalid",
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineFailure(error, fallback);
  }
}

export async function describeResult(connection: DuckDBConnection, sql: string): Promise<TypedColumn[]> {
  const statement = await connection.prepare(sql);
  return Array.from({ length: statement.columnCount }, (_, index) => describeColumn(statement, index));
}

function describeColumn(statement: DuckDBPreparedStatement, index: number): TypedColumn {
  const type = statement.columnType(index);
  return { name: statement.columnName(index), dataType: type.alias ?? type.toString() };
}

/** Reads the first rows of a statement that has passed the gate. `tableName` begins the names of what it creates. */
export const readRowsOf = (
  connection: DuckDBConnection,
  { describes, ...statement }: Statement & { readonly describes: boolean },
  columns: readonly TypedColumn[],
): Promise<QueryResult> => (describes ? readDescription : readResult)(connection, statement, columns);

type Statement = { readonly sql: string; readonly tableName: string; readonly maxRows: number };

/**
 * The rows go into a table first. A streamed result of a statement that fails midway ends without an error and looks complete.
 * And DuckDB accounts for the memory of a table, but not for that of a result.
 */
export async function readResult(
  connection: DuckDBConnection,
  { sql, tableName, maxRows }: Statement,
  columns: readonly TypedColumn[],
): Promise<QueryResult> {
  const [view, table] = ["statement", "result"].map((name) => identifier(`${tableName} (${name})`));
  // The statement comes last, so that a trailing semicolon or comment does no harm.
  await connection.run(`CREATE TEMP VIEW ${view} AS ${sql}`);
  await connection.run(`CREATE TEMP TABLE ${table} AS FROM ${view} LIMIT ${maxRows + 1}`);
  return collect(await connection.stream(`FROM temp.${table}`), columns, maxRows);
}

/** DESCRIBE and SUMMARIZE can't be views. Their results are small: one row per column, computed before the first is read. */
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
