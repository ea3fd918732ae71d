import type { DuckDBConnection } from "@duckdb/node-api";
import { EngineFailure } from "./engine-failure.ts";
import { readRows } from "./sandbox.ts";

/**
 * Table functions that compute and reach nothing. All others read files or settings, run SQL out of a string, or
 * change the connection, as `enable_profiling()` does: the sandbox stops most of it, this stops the rest.
 */
const tableFunctions = new Set([
  "generate_series",
  "histogram",
  "histogram_values",
  "json_each",
  "json_tree",
  "range",
  "repeat",
  "repeat_row",
  "summary",
  "unnest",
]);

/** Scalar functions that tell of the server or write to its log. */
const refusedFunctions = new Set([
  "current_setting",
  "getenv",
  "pg_get_constraintdef",
  "pg_get_viewdef",
  "write_log",
]);

/** Names of DuckDB's own tables; a common table expression may not hide behind one. */
const systemName = /^(duckdb_|pg_|pragma_|sqlite_|information_schema)/i;
/** What is no table's name here but may be a file's. */
const fileLike = /[/\\:.*?]/;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Node = { [key: string]: Json };

/**
 * Lets a single SELECT, WITH, VALUES or TABLE through that reads the one table and nothing else, by the tree that
 * DuckDB's own parser makes of it. Fails as `sqlInvalid` or `statementRefused`.
 */
export async function gateStatement(
  connection: DuckDBConnection,
  sql: string,
  tableName: string,
): Promise<void> {
  const [row] = await readRows(
    connection,
    "SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true) AS tree",
    [sql],
  );
  const tree = JSON.parse(row?.tree as string) as Node;
  if (tree.error) throw unreadable(tree);
  const statements = tree.statements as Json[];
  if (statements.length === 0) throw new EngineFailure("sqlInvalid", "there is no statement in it");
  if (statements.length > 1) throw refused("one statement at a time, please");
  const nodes = [...nodesOf(statements)];
  const names = new Set([tableName.toLowerCase(), ...nodes.flatMap(cteNames)]);
  for (const node of nodes) check(node, names, tableName);
}

function unreadable(tree: Node): EngineFailure {
  if (tree.error_type === "not implemented") {
    return refused(
      "only statements that read are taken: SELECT, WITH, VALUES, TABLE; a PIVOT names its values with IN",
    );
  }
  const position = tree.position === undefined ? "" : ` at character ${Number(tree.position) + 1}`;
  return new EngineFailure("sqlInvalid", `${tree.error_message}${position}`);
}

function* nodesOf(json: Json | undefined): Generator<Node> {
  if (Array.isArray(json)) {
    for (const item of json) yield* nodesOf(item);
  } else if (json !== null && typeof json === "object") {
    yield json;
    for (const value of Object.values(json)) yield* nodesOf(value);
  }
}

function cteNames(node: Node): string[] {
  const named = (node.cte_map as { map?: { key: string }[] } | undefined)?.map ?? [];
  return named.map(({ key }) => key.toLowerCase()).filter((name) => !systemName.test(name));
}

function check(node: Node, names: ReadonlySet<string>, tableName: string): void {
  switch (node.type) {
    case "BASE_TABLE":
      checkTable(node, names, tableName);
      return;
    case "TABLE_FUNCTION":
      checkTableFunction((node.function as Node).function_name as string);
      return;
    case "SHOW_REF":
      throw refused("only statements that read are taken: SELECT, WITH, VALUES, TABLE");
    default:
      if (refusedFunctions.has(String(node.function_name).toLowerCase())) {
        throw refused(`the function ${node.function_name} is not available`);
      }
  }
}

function checkTable(node: Node, names: ReadonlySet<string>, tableName: string): void {
  const name = node.table_name as string;
  const path = [node.catalog_name, node.schema_name].filter((part) => part !== undefined).join(".");
  const here = path === "" || path === "main" || path === "memory.main";
  if (here && names.has(name.toLowerCase())) return;
  const known = `this source has the table ${JSON.stringify(tableName)}`;
  if (!here || fileLike.test(name) || systemName.test(name)) {
    throw refused(`${JSON.stringify(name)} is outside of the source: ${known}`);
  }
  throw new EngineFailure("sqlInvalid", `the table ${JSON.stringify(name)} does not exist: ${known}`);
}

function checkTableFunction(name: string): void {
  if (!tableFunctions.has(name.toLowerCase())) throw refused(`the table function ${name} is not available`);
}

const refused = (message: string): EngineFailure => new EngineFailure("statementRefused", message);
