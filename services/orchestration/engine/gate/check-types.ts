import type { DuckDBConnection } from "@duckdb/node-api";
import { EngineFailure } from "../engine-failure.ts";
import { query, statements } from "./query-rule.ts";
import { checkAll, isObject, type Json } from "./rule.ts";
import { parseStatement } from "./serialize-statement.ts";

/** An enumeration, or a list of one. Its values are literals and nothing else, and the parser can't serialize them. */
const enumeration = /^ENUM\('([^']|'')*'(, '([^']|'')*')*\)(\[\d*\])*$/;

/** Fails unless each text is a type, and nothing else, so that it can be a part of a statement. */
export async function checkTypes(connection: DuckDBConnection, dataTypes: readonly string[]): Promise<void> {
  for (const dataType of new Set(dataTypes)) {
    if (enumeration.test(dataType)) continue;
    const tree = await parseStatement(connection, `SELECT CAST(NULL AS ${dataType}\n)`);
    checkAll(tree, statements, {
      source: { known: "there is none", hasTable: () => false, hasColumn: () => false },
      query,
    });
    if (!isCast(tree)) throw new EngineFailure("internal", "a column has a type that is none");
  }
}

/** Whether the statement is a cast of NULL, without any other part. */
function isCast(tree: Json): boolean {
  const [statement] = Array.isArray(tree) ? tree : [];
  const node = isObject(statement) && isObject(statement.node) ? statement.node : {};
  const { type, select_list: list, from_table: from, ...others } = node;
  const [cast, ...more] = Array.isArray(list) ? list : [];
  const isBare = isObject(from) && from.type === "EMPTY" && Object.keys(from).length === 1;
  const hasOthers = Object.keys(others).some((key) => key !== "cte_map" && key !== "aggregate_handling");
  if (type !== "SELECT_NODE" || !isBare || hasOthers || more.length > 0 || !isObject(cast)) return false;
  const { class: kind, child, alias } = cast;
  return kind === "CAST" && alias === undefined && isObject(child) && child.class === "CONSTANT";
}
