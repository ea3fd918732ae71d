import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../sql-text.ts";
import { checkPlan } from "./bound-plan.ts";
import type { GateResult } from "./gate-once.ts";
import { query, statements } from "./query-rule.ts";
import { isRepeatable } from "./repeatable.ts";
import { checkAll, fold, isObject, type Json } from "./rule.ts";
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
