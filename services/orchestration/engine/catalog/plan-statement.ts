import type { DuckDBConnection, DuckDBPreparedStatement } from "@duckdb/node-api";
import type { CatalogPlan, CatalogTable, Scan, StatementTable } from "../catalog-statement.ts";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { EngineFailure } from "../engine-failure.ts";
import { findTableNames, gateCatalogStatement } from "../gate/gate-statement.ts";
import { isObject } from "../gate/rule.ts";
import type { Task, TypedColumn } from "../protocol.ts";
import { literal } from "../sql-text.ts";
import { parsePlan } from "./filter-values.ts";
import { findScans } from "./find-scans.ts";
import { createStandIns, standInsOf } from "./open-tables.ts";

/**
 * The only optimizers that plan: what they conclude holds for any rows of the tables. The others look at statistics, which the
 * empty tables of a plan have, too: they would conclude that there are no rows.
 */
const optimizers = new Set([
  "cte_filter_pusher",
  "cte_inlining",
  "deliminator",
  "expression_rewriter",
  "filter_pullup",
  "filter_pushdown",
  "limit_pushdown",
  "unused_columns",
]);

/** Those that keep to which columns are needed, and evaluate nothing. */
const columnOptimizers = new Set(["cte_inlining", "deliminator", "unused_columns"]);

const planBytesMax = 32 * 1024 * 1024;
const statementView = "sluice_statement";

type PlanTask = Task & { readonly kind: "planCatalog" };

/** Names of the tables that a statement reads. */
export async function nameTables(task: Task & { kind: "tableNames" }): Promise<StatementTable[]> {
  const connection = await openSandbox(task);
  try {
    return await asSqlFailure(() => findTableNames(connection, task.sql));
  } finally {
    connection.closeSync();
  }
}

/**
 * Checks a statement, and finds what it needs of each table. What `now()` and `random()` are in the plan does not hold when the
 * statement runs: then only the columns are known.
 */
export async function planStatement(task: PlanTask): Promise<CatalogPlan> {
  const { isRepeatable, ...plan } = await planWith(task, optimizers);
  if (isRepeatable) return plan;
  const { scans } = await planWith(task, columnOptimizers);
  return { ...plan, scans: scans.map(allRows) };
}

const allRows = ({ table, columns }: Scan): Scan => ({ table, columns, predicates: [], isComplete: false });

async function planWith(task: PlanTask, enabled: ReadonlySet<string>) {
  const { sql, tables, maxRows } = task;
  const configure = (connection: DuckDBConnection) => disableOptimizers(connection, enabled);
  const connection = await openSandbox(task, { configure });
  try {
    return await asSqlFailure(async () => {
      await createStandIns(connection, tables);
      const { isRepeatable } = await gateCatalogStatement(connection, sql, tables, standInsOf(tables));
      const columns = await describeResult(connection, sql);
      // The statement comes last, so that a trailing semicolon or comment does no harm.
      await connection.run(`CREATE TEMP VIEW ${statementView} AS ${sql}`);
      const limit = maxRows === undefined ? "" : ` LIMIT ${maxRows + 1}`;
      const scans = await readScans(connection, `FROM temp.${statementView}${limit}`, tables);
      return { columns, scans, isRepeatable };
    });
  } finally {
    connection.closeSync();
  }
}

async function disableOptimizers(connection: DuckDBConnection, enabled: ReadonlySet<string>): Promise<void> {
  const rows = await readRows(connection, "SELECT name FROM duckdb_optimizers()");
  const others = rows.map(({ name }) => String(name)).filter((name) => !enabled.has(name));
  await connection.run(`SET disabled_optimizers = ${literal(others.join(","))}`);
}

async function readScans(connection: DuckDBConnection, sql: string, tables: readonly CatalogTable[]) {
  const [row] = await readRows(
    connection,
    `SELECT CASE WHEN strlen(plan) <= ${planBytesMax} THEN plan END AS plan
     FROM (SELECT json_serialize_plan($1::VARCHAR, optimize := true) AS plan)`,
    [sql],
  );
  if (typeof row?.plan !== "string")
    throw new EngineFailure("statementRefused", "the statement is too large when its views are expanded");
  const plan = parsePlan(row.plan);
  // Without some optimizers, DuckDB fails to plan a few statements that it runs.
  return isObject(plan) && plan.error === false
    ? findScans(plan.plans ?? null, tables)
    : tables.map(wholeScan);
}

const wholeScan = ({ columns }: CatalogTable, table: number): Scan => ({
  table,
  columns: columns.map(({ name }) => name),
  predicates: [],
  isComplete: false,
});

/** The columns of a statement's result. */
export async function describeResult(connection: DuckDBConnection, sql: string): Promise<TypedColumn[]> {
  const statement: DuckDBPreparedStatement = await connection.prepare(sql);
  return Array.from({ length: statement.columnCount }, (_, index) => {
    const type = statement.columnType(index);
    return { name: statement.columnName(index), dataType: type.alias ?? type.toString() };
  });
}

async function asSqlFailure<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEngineFailure(error, "sqlInvalid");
  }
}
