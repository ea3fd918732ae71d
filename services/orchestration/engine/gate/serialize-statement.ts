import type { DuckDBConnection } from "@duckdb/node-api";
import { toEngineFailure } from "../database/duckdb-error.ts";
import { readRows } from "../database/sandbox.ts";
import { EngineFailure } from "../engine-failure.ts";
import { isObject, type Json, type JsonObject, refused } from "./rule.ts";

/** Omits default values, so that every field has a meaning. */
const nonDefaultOnly = "skip_null := true, skip_empty := true, skip_default := true";

const onlyReads =
  "only statements that read are taken: SELECT, WITH, VALUES, TABLE, FROM, DESCRIBE, SUMMARIZE; " +
  "a PIVOT names its values with IN";

/** Largest tree or plan: nested macros and aliases double a plan with each level. */
const serializedBytesMax = 32 * 1024 * 1024;

const tooDeep = () => new EngineFailure("sqlInvalid", "the statement is nested too deeply");

const notCheckable =
  "what this statement becomes when it is bound can't be checked: write it in another way, WITH ORDINALITY as row_number() OVER ()";

/** Parses a text with exactly one statement by DuckDB's own parser. */
export async function parseStatement(connection: DuckDBConnection, sql: string): Promise<Json> {
  const tree = await serialize(connection, `json_serialize_sql($1::VARCHAR, ${nonDefaultOnly})`, sql);
  if (tree.error === true) throw parseFailure(tree);
  const { statements } = tree;
  if (!Array.isArray(statements) || statements.length === 0) {
    throw new EngineFailure("sqlInvalid", "there is no statement in it");
  }
  if (statements.length > 1) throw refused("one statement at a time, please");
  return statements;
}

/**
 * Binds a statement without optimizing it. Only for statements whose tree is allowed: binding runs functions on constants, and
 * a parameter crashes the process.
 */
export async function bindStatement(connection: DuckDBConnection, sql: string): Promise<Json> {
  const plan = await serialize(connection, `json_serialize_plan($1::VARCHAR, ${nonDefaultOnly})`, sql);
  if (plan.error === true) throw bindFailure(plan);
  return plan.plans ?? null;
}

async function serialize(connection: DuckDBConnection, call: string, sql: string): Promise<JsonObject> {
  const [row] = await readRows(
    connection,
    `SELECT CASE WHEN strlen(tree) <= ${serializedBytesMax} THEN tree END AS tree FROM (SELECT ${call} AS tree)`,
    [sql],
  );
  if (typeof row?.tree !== "string")
    throw refused("the statement is too large when its aliases and macros are expanded");
  const tree = JSON.parse(row.tree) as Json;
  if (!isObject(tree)) throw new EngineFailure("internal", "the statement could not be serialized");
  return tree;
}

function parseFailure({ error_type: type, error_message: message, position }: JsonObject): EngineFailure {
  const text = String(message);
  if (/^Max expression depth|^memory exhausted/.test(text)) return tooDeep();
  if (type === "not implemented") return refused(/^Only SELECT/.test(text) ? onlyReads : text);
  const where = position === undefined ? "" : ` at character ${Number(position) + 1}`;
  return new EngineFailure("sqlInvalid", `${toEngineFailure(new Error(text), "sqlInvalid").message}${where}`);
}

function bindFailure({ error_type: type, error_message: message }: JsonObject): EngineFailure {
  // WITH ORDINALITY over constants fails like this too.
  if (type === "not implemented" || type === "internal") return refused(notCheckable);
  if (/^Max expression depth/.test(String(message))) return tooDeep();
  const typeName = String(type).replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return toEngineFailure(new Error(`${typeName} Error: ${message}`), "sqlInvalid");
}
