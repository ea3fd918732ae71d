import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../sql-text.ts";
import { checkPlan } from "./bound-plan.ts";
import type { GateResult } from "./gate-once.ts";
import { query, statements } from "./query-rule.ts";
import { isRepeatable } from "./repeatable.ts";
import { checkAll, fold, isObject, type Json, refused, type TableName } from "./rule.ts";
import { bindStatement, parseStatement } from "./serialize-statement.ts";
import { oneTable } from "./table-rule.ts";

/** Name of an empty table with the source's columns. The view reads it while the statement is bound for the check. */
const standInOf = (tableName: string): string => `${tableName} (empty)`;

/**
 * Accepts a single statement that reads only the source's view: its syntax tree and its bound plan may only have parts on the
 * allow-lists. Fails as `sqlInvalid` or `statementRefused`.
 */
export async function gateStatement(
  connection: DuckDBConnection,
  sql: string,
  tableName: string,
): Promise<GateResult> {
  const tree = await parseStatement(connection, sql);
  const table = await connection.prepare(`FROM ${identifier(tableName)}`);
  const names = Array.from({ length: table.columnCount }, (_, index) => table.columnName(index));
  const hasColumn = (name: string) => names.some((column) => fold(column) === name) || hasName(tree, name);
  checkAll(tree, statements, { source: { ...oneTable(tableName), hasColumn }, query });
  const plan = await bindToStandIn(connection, sql, tableName);
  const standIn = standInOf(tableName);
  checkPlan(plan, { mayScan: ({ table: scanned }) => scanned === standIn });
  return { describes: isDescription(tree), isRepeatable: isRepeatable(tree, plan) };
}

/** Binds over the stand-in, because plans with the functions that read CSV and JSON can't be serialized. */
async function bindToStandIn(connection: DuckDBConnection, sql: string, tableName: string): Promise<Json> {
  const view = identifier(tableName);
  const standIn = identifier(standInOf(tableName));
  await connection.run("BEGIN");
  try {
    await connection.run(
      `CREATE TABLE ${standIn} AS FROM ${view} WITH NO DATA; CREATE OR REPLACE VIEW ${view} AS FROM ${standIn}`,
    );
    return await bindStatement(connection, sql);
  } finally {
    await connection.run("ROLLBACK");
  }
}

/** Names the tables that a statement reads, other than its common table expressions. Its parts are checked like in a gate. */
export async function findTableNames(connection: DuckDBConnection, sql: string): Promise<TableName[]> {
  const found = new Map<string, TableName>();
  const hasTable = (table: TableName) => Boolean(found.set(JSON.stringify(table), table));
  const tree = await parseStatement(connection, sql);
  checkAll(tree, statements, { source: { known: catalogTables, hasTable, hasColumn: () => true }, query });
  if (isDescription(tree)) throw refused("DESCRIBE and SUMMARIZE take one source: name it by its id");
  return [...found.values()];
}

/**
 * Accepts a single statement that reads only tables of the catalog. Each is a view of the name that the statement has for it,
 * over an empty table of ours with a name in `standIns`.
 */
export async function gateCatalogStatement(
  connection: DuckDBConnection,
  sql: string,
  tables: readonly { readonly name: TableName; readonly columns: readonly { readonly name: string }[] }[],
  standIns: ReadonlySet<string>,
): Promise<{ readonly isRepeatable: boolean }> {
  const tree = await parseStatement(connection, sql);
  const known = new Set(
    tables.map(({ name: { catalog, schema, name } }) => keyOf({ catalog, schema, name })),
  );
  const columns = new Set(tables.flatMap((table) => table.columns.map(({ name }) => fold(name))));
  const source = {
    known: catalogTables,
    hasTable: (table: TableName) => known.has(keyOf(table)),
    hasColumn: (name: string) => columns.has(name) || hasName(tree, name),
  };
  checkAll(tree, statements, { source, query });
  const plan = await bindStatement(connection, sql);
  checkPlan(plan, { mayScan: ({ table }) => standIns.has(String(table)) });
  return { isRepeatable: isRepeatable(tree, plan) };
}

const catalogTables = "tables of the catalog are named source.schema.table";

const keyOf = ({ catalog, schema, name }: TableName): string => JSON.stringify([catalog, schema, name]);

/** Whether a name occurs in the tree other than as a column reference, such as an alias. */
export function hasName(tree: Json, name: string): boolean {
  const queue: [string, Json][] = [["", tree]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [key, value] = next;
    if (key === "column_names") continue;
    if (typeof value === "string" && fold(value) === name) return true;
    if (Array.isArray(value)) for (const item of value) queue.push([key, item]);
    else if (isObject(value)) queue.push(...Object.entries(value));
  }
  return false;
}

/** Whether the whole statement is a DESCRIBE or a SUMMARIZE. */
export function isDescription(tree: Json): boolean {
  const [statement] = Array.isArray(tree) ? tree : [];
  const node = isObject(statement) && isObject(statement.node) ? statement.node : {};
  return isObject(node.from_table) && node.from_table.type === "SHOW_REF";
}
