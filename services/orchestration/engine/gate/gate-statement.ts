import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../sql-text.ts";
import { checkPlan } from "./bound-plan.ts";
import { query, statements } from "./query-rule.ts";
import { checkAll, fold, isObject, type Json } from "./rule.ts";
import { bindStatement, parseStatement } from "./serialize-statement.ts";

/** Name of an empty table with the source's columns: its view reads that while a statement is bound to be checked. */
const standInOf = (tableName: string): string => `${tableName} (empty)`;

/**
 * Accepts a single statement that reads the source's view and nothing else: its syntax tree and its bound plan have only
 * parts that are on a list. Fails as `sqlInvalid` or `statementRefused`.
 */
export async function gateStatement(
  connection: DuckDBConnection,
  sql: string,
  tableName: string,
): Promise<{ describes: boolean }> {
  const tree = await parseStatement(connection, sql);
  const table = await connection.prepare(`FROM ${identifier(tableName)}`);
  const names = Array.from({ length: table.columnCount }, (_, index) => table.columnName(index));
  const hasColumn = (name: string) => names.some((column) => fold(column) === name) || hasText(tree, name);
  checkAll(tree, statements, { source: { tableName, hasColumn }, query });
  checkPlan(await bindToStandIn(connection, sql, tableName), standInOf(tableName));
  return { describes: isDescription(tree) };
}

/** The plan over the stand-in: the functions that read CSV and JSON can't be serialized. */
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

/** Whether a text stands anywhere in the tree, as an alias does. */
function hasText(tree: Json, name: string): boolean {
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
function isDescription(tree: Json): boolean {
  const [statement] = Array.isArray(tree) ? tree : [];
  const node = isObject(statement) && isObject(statement.node) ? statement.node : {};
  return isObject(node.from_table) && node.from_table.type === "SHOW_REF";
}
