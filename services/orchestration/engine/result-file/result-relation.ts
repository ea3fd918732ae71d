import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { readerOf } from "../database/file-reader.ts";
import { aliasOf } from "../database/result-columns.ts";
import { closedOnFailure, openSandbox } from "../database/sandbox.ts";
import { toEngineFailure } from "../engine-failure.ts";
import { firstStatement } from "../first-statement.ts";
import { gateStatement } from "../gate/gate-statement.ts";
import type { Task } from "../protocol.ts";
import { identifier } from "../sql-text.ts";
import type { SourceColumn } from "./result-select.ts";

export type ResultTask = Task & { kind: "write" };

/** Rows to be written: a relation of SQL whose columns go by aliases, because names may be there twice. */
export type Relation = {
  readonly connection: DuckDBConnection;
  readonly source: string;
  readonly columns: readonly SourceColumn[];
};

/** Opens what a task writes. Statements of users pass the gate before. */
export function openRelation(task: ResultTask): Promise<Relation> {
  return task.rows.kind === "statement" ? openStatement(task, task.rows) : openCopy(task, task.rows);
}

async function openStatement(
  task: ResultTask,
  { reading, tableName, sql }: ResultTask["rows"] & { kind: "statement" },
): Promise<Relation> {
  const connection = await openSandbox(task, {
    async define(opened) {
      const view = `CREATE VIEW ${identifier(tableName)} AS FROM ${readerOf(task.path, reading)}`;
      await opened.run(view).catch((error) => {
        throw toEngineFailure(error, "sourceDataInvalid");
      });
    },
  });
  return closedOnFailure(connection, async () => {
    const { describes } = await gateStatement(connection, sql, tableName);
    const columns = columnsOf(await connection.prepare(sql));
    const rows = await (describes ? descriptionOf : viewOf)(connection, sql, tableName);
    return { connection, columns, source: withAliases(rows, columns) };
  });
}

/** The statement ends the view's text, so that a semicolon or a comment at its end does no harm. */
async function viewOf(connection: DuckDBConnection, sql: string, tableName: string): Promise<string> {
  const view = identifier(`${tableName} (statement)`);
  await connection.run(`CREATE TEMP VIEW ${view} AS ${sql}`);
  return view;
}

/** A description can't be a view. What is left of it without its semicolon has to pass the gate by itself. */
async function descriptionOf(connection: DuckDBConnection, sql: string, tableName: string): Promise<string> {
  const text = firstStatement(sql);
  await gateStatement(connection, text, tableName);
  return `(${text}\n)`;
}

/** Rows that come through a pipe, which can be opened once: their types are those that the columns are said to have. */
async function openCopy(
  task: ResultTask,
  { reading, columns: expressions }: ResultTask["rows"] & { kind: "copy" },
): Promise<Relation> {
  const connection = await openSandbox(task);
  return closedOnFailure(connection, async () => {
    const types = expressions.map(({ dataType }, index) => `NULL::${dataType} AS ${aliasOf(index)}`);
    const described = columnsOf(await connection.prepare(`SELECT ${types.join(", ")}`));
    const columns = described.map((column, index) => ({ ...column, name: expressions[index]?.name ?? "" }));
    // An array that does not begin at 1 is none in JSON, and stays the text that it is.
    const list = expressions.map(({ expression, dataType }) =>
      dataType === "JSON" ? expression : `(${expression})::${dataType}`,
    );
    const rows = `(SELECT ${list.join(", ")} FROM ${readerOf(task.path, reading)})`;
    return { connection, columns, source: withAliases(rows, columns) };
  });
}

const withAliases = (rows: string, columns: readonly SourceColumn[]): string =>
  `${rows} AS sluice_result(${columns.map(({ alias }) => alias).join(", ")})`;

const columnsOf = (statement: DuckDBPreparedStatement): SourceColumn[] =>
  Array.from({ length: statement.columnCount }, (_, index) => ({
    name: statement.columnName(index),
    alias: aliasOf(index),
    type: statement.columnType(index),
  }));
