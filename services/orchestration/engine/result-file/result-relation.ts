import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import { openCatalog } from "../catalog/open-catalog.ts";
import { attachDatabase } from "../database/attach-database.ts";
import { columnAlias } from "../database/column-alias.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { readerOf } from "../database/file-reader.ts";
import { closedOnFailure, openSandbox } from "../database/sandbox.ts";
import { firstStatement } from "../first-statement.ts";
import { gateDatabaseStatement } from "../gate/gate-database.ts";
import type { GateResult } from "../gate/gate-once.ts";
import { gateStatement } from "../gate/gate-statement.ts";
import type { Task } from "../protocol.ts";
import { identifier } from "../sql-text.ts";
import type { SourceColumn } from "./result-select.ts";

export type ResultTask = Task & { kind: "write" };

/** SQL of the rows to write. Columns have aliases, because their names may not be unique. */
export type Relation = {
  readonly connection: DuckDBConnection;
  readonly source: string;
  readonly columns: readonly SourceColumn[];
};

/** Opens the rows of a task. User statements are checked by the gate first. */
export function openRelation(task: ResultTask): Promise<Relation> {
  const { rows } = task;
  switch (rows.kind) {
    case "statement":
      return openFileStatement(task, rows);
    case "database":
      return openDatabaseStatement(task, rows);
    case "catalog":
      return openCatalogStatement(task, rows);
    case "copy":
      return openCopy(task, rows);
  }
}

async function openCatalogStatement(
  task: ResultTask,
  { sql, tables }: ResultTask["rows"] & { kind: "catalog" },
): Promise<Relation> {
  const { connection } = await openCatalog(task, { sql, tables });
  return closedOnFailure(connection, async () => {
    const columns = columnsOf(await connection.prepare(sql));
    return { connection, columns, source: withAliases(await viewOf(connection, sql, "sluice"), columns) };
  });
}

function openFileStatement(
  task: ResultTask,
  { reading, tableName, sql }: ResultTask["rows"] & { kind: "statement" },
): Promise<Relation> {
  return openStatement(task, sql, {
    viewName: tableName,
    async define(opened) {
      const view = `CREATE VIEW ${identifier(tableName)} AS FROM ${readerOf(task.path, reading)}`;
      await opened.run(view).catch((error) => {
        throw toEngineFailure(error, "sourceDataInvalid");
      });
    },
    gate: (connection, text) => gateStatement(connection, text, tableName),
  });
}

const openDatabaseStatement = (
  task: ResultTask,
  { sql }: ResultTask["rows"] & { kind: "database" },
): Promise<Relation> =>
  openStatement(task, sql, {
    viewName: "sluice",
    define: attachDatabase,
    gate: gateDatabaseStatement,
  });

type StatementSource = {
  /** Begins the names of what is created. */
  readonly viewName: string;
  define(connection: DuckDBConnection): Promise<void>;
  gate(connection: DuckDBConnection, sql: string): Promise<GateResult>;
};

async function openStatement(
  task: ResultTask,
  sql: string,
  { viewName, define, gate }: StatementSource,
): Promise<Relation> {
  const connection = await openSandbox(task, { define });
  return closedOnFailure(connection, async () => {
    const { describes } = await gate(connection, sql);
    const columns = columnsOf(await connection.prepare(sql));
    const rows = describes
      ? await descriptionOf(connection, sql, gate)
      : await viewOf(connection, sql, viewName);
    return { connection, columns, source: withAliases(rows, columns) };
  });
}

/** The statement comes last, so that a trailing semicolon or comment does no harm. */
async function viewOf(connection: DuckDBConnection, sql: string, tableName: string): Promise<string> {
  const view = identifier(`${tableName} (statement)`);
  await connection.run(`CREATE TEMP VIEW ${view} AS ${sql}`);
  return view;
}

/** DESCRIBE can't be a view. The text without its semicolon must pass the gate again. */
async function descriptionOf(
  connection: DuckDBConnection,
  sql: string,
  gate: StatementSource["gate"],
): Promise<string> {
  const text = firstStatement(sql);
  await gate(connection, text);
  return `(${text}\n)`;
}

/** A pipe can be opened only once, so the column types are taken from the task. */
async function openCopy(
  task: ResultTask,
  { reading, columns: expressions }: ResultTask["rows"] & { kind: "copy" },
): Promise<Relation> {
  const connection = await openSandbox(task);
  return closedOnFailure(connection, async () => {
    const types = expressions.map(({ dataType }, index) => `NULL::${dataType} AS ${columnAlias(index)}`);
    const described = columnsOf(await connection.prepare(`SELECT ${types.join(", ")}`));
    const columns = described.map((column, index) => ({ ...column, name: expressions[index]?.name ?? "" }));
    // PostgreSQL arrays with a lower bound other than 1 have no JSON form and stay text.
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
    alias: columnAlias(index),
    type: statement.columnType(index),
  }));
