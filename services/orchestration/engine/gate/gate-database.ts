import type { DuckDBConnection } from "@duckdb/node-api";
import { attachedCatalog, nameOf } from "../database/attach-database.ts";
import { readRows } from "../database/sandbox.ts";
import type { StoredTable } from "../described-table.ts";
import { EngineFailure } from "../engine-failure.ts";
import { identifier, literal } from "../sql-text.ts";
import { checkPlan, type PlanRule } from "./bound-plan.ts";
import { aggregateByName, transformByType } from "./functions.ts";
import type { GateResult } from "./gate-once.ts";
import { hasName, isDescription } from "./gate-statement.ts";
import { query, statements } from "./query-rule.ts";
import { isRepeatable } from "./repeatable.ts";
import { checkAll, fold, isObject, type Json, named, type TableName } from "./rule.ts";
import { bindStatement, parseStatement } from "./serialize-statement.ts";

const mayScan: PlanRule["mayScan"] = ({ catalog }) => catalog === attachedCatalog;

/** A view's arguments of these functions are not looked at, so it can't call them. */
const uncheckedFunctions = new Set([...aggregateByName, ...transformByType]);

/**
 * Accepts a table of the attached database if its bound form is on the lists: it may be a view, have computed columns, and call
 * macros, and all of them were written by the author of the file. Fails as `statementRefused`. Returns whether it has the same
 * rows each time.
 */
export async function gateTable(connection: DuckDBConnection, table: StoredTable): Promise<boolean> {
  try {
    const plan = await bindStatement(connection, `FROM ${nameOf(table)}`);
    checkPlan(plan, { mayScan, except: uncheckedFunctions });
    return isRepeatable(plan);
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    const full = named(`${table.schemaName}.${table.name}`);
    throw new EngineFailure(error.kind, `${full} of the file can't be read: ${error.message}`);
  }
}

/**
 * Accepts a single statement that reads only tables of the attached database, and creates the views that it reads them by. The
 * statement runs in the database in memory, so that macros of the file can't take the place of DuckDB's own functions.
 */
export async function gateDatabaseStatement(connection: DuckDBConnection, sql: string): Promise<GateResult> {
  const tree = await parseStatement(connection, sql);
  const tables = await findTables(connection, namesIn(tree));
  const columns = new Set<string>();
  for (const table of tables) {
    await gateTable(connection, table);
    for (const column of await createView(connection, table)) columns.add(fold(column));
  }
  const keys = new Set(tables.map(keyOf));
  const source = {
    known: "DESCRIBE and the catalog show what it has",
    hasTable: ({ catalog, schema, name }: TableName) =>
      catalog === "" && keys.has(keyOf({ schemaName: schema === "" ? mainSchema : schema, name })),
    hasColumn: (name: string) => columns.has(name) || hasName(tree, name),
  };
  checkAll(tree, statements, { source, query });
  const plan = await bindStatement(connection, sql);
  checkPlan(plan, { mayScan });
  return { describes: isDescription(tree), isRepeatable: isRepeatable(tree, plan) };
}

const mainSchema = "main";

const keyOf = ({ schemaName, name }: StoredTable): string => JSON.stringify([schemaName, name].map(fold));

/** The tables that a tree names, in lower case. */
function namesIn(tree: Json): StoredTable[] {
  const found = new Map<string, StoredTable>();
  const queue: Json[] = [tree];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (isObject(next) && next.type === "BASE_TABLE" && next.table_name !== undefined) {
      const table = { schemaName: fold(next.schema_name ?? mainSchema), name: fold(next.table_name) };
      found.set(keyOf(table), table);
    }
    if (next !== null && typeof next === "object") queue.push(...Object.values(next));
  }
  return [...found.values()];
}

/** Those that the database has, with their names as it writes them. */
async function findTables(
  connection: DuckDBConnection,
  wanted: readonly StoredTable[],
): Promise<StoredTable[]> {
  if (wanted.length === 0) return [];
  const keys = new Set(wanted.map(keyOf));
  const names = wanted.map(({ name }) => `lower(${literal(name)})`).join(", ");
  const rows = await readRows(connection, `FROM (${listOfTables}) WHERE lower(name) IN (${names})`);
  return rows
    .map(({ schemaName, name }) => ({ schemaName: String(schemaName), name: String(name) }))
    .filter((table) => keys.has(keyOf(table)));
}

/** Statement that lists the tables and views of the attached database. */
export const listOfTables =
  "SELECT schema_name AS schemaName, table_name AS name, false AS isView FROM duckdb_tables() " +
  `WHERE database_name = '${attachedCatalog}' AND NOT internal UNION ALL ` +
  "SELECT schema_name, view_name, true FROM duckdb_views() " +
  `WHERE database_name = '${attachedCatalog}' AND NOT internal`;

/** Returns the names of the columns. */
async function createView(connection: DuckDBConnection, table: StoredTable): Promise<string[]> {
  const schema = identifier(table.schemaName);
  await connection.run(`CREATE SCHEMA IF NOT EXISTS memory.${schema}`);
  await connection.run(
    `CREATE OR REPLACE VIEW memory.${schema}.${identifier(table.name)} AS FROM ${nameOf(table)}`,
  );
  const view = await connection.prepare(`FROM memory.${schema}.${identifier(table.name)}`);
  return Array.from({ length: view.columnCount }, (_, index) => view.columnName(index));
}
