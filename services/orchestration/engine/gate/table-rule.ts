import { EngineFailure } from "../engine-failure.ts";
import {
  fold,
  isObject,
  type Json,
  type JsonObject,
  named,
  refused,
  type Scope,
  type Source,
  type TableName,
  type Visit,
} from "./rule.ts";

/** Names of DuckDB's system tables. Common table expressions may not shadow them. */
const systemName = /^(duckdb_|pg_|pragma_|sqlite_|information_schema)/;
/** Characters of file names and URLs. */
const fileLike = /[/\\:.*?]/;

/** The tables of a source that is one table. */
export const oneTable = (tableName: string): Pick<Source, "known" | "hasTable"> => ({
  known: `this source has the table ${named(tableName)}`,
  hasTable({ catalog, schema, name }) {
    const path = fold([catalog, schema].filter((part) => part !== "").join("."));
    return ["", "main", "memory.main"].includes(path) && fold(name) === fold(tableName);
  },
});

/** A named table: one of the source's, or a common table expression in scope. */
export function checkTable(table: JsonObject, { nesting, source }: Visit): void {
  const name = fold(table.table_name);
  const qualifiers = [table.catalog_name, table.schema_name].filter((part) => part !== undefined);
  const path = fold(qualifiers.join("."));
  const common = isInScope(name, nesting.scope);
  if (common && (path === "" || path === "recurring")) return;
  if (source.hasTable(tableNameOf(table))) return;
  const { known } = source;
  const here = path === "" || path === "main" || path === "memory.main";
  if (!here || fileLike.test(name) || systemName.test(name)) {
    const full = [...qualifiers, table.table_name].join(".");
    throw refused(`${named(full)} is outside of the source: ${known}`);
  }
  throw new EngineFailure("sqlInvalid", `the table ${named(table.table_name)} does not exist: ${known}`);
}

const tableNameOf = ({
  catalog_name: catalog,
  schema_name: schema,
  table_name: name,
}: JsonObject): TableName => ({
  catalog: String(catalog ?? ""),
  schema: String(schema ?? ""),
  name: String(name ?? ""),
});

function isInScope(name: string, scope: Scope | undefined): boolean {
  for (let inner = scope; inner; inner = inner.outer) {
    if ((inner.names.get(name) ?? inner.below) < inner.below) return true;
  }
  return false;
}

/** The common table expressions of a query, and the enclosing ones. */
export function scopeOf(cteMap: Json | undefined, outer: Scope | undefined): Scope | undefined {
  const entries = isObject(cteMap) && Array.isArray(cteMap.map) ? cteMap.map : [];
  if (entries.length === 0) return outer;
  const names = entries.map((entry) => (isObject(entry) ? fold(entry.key) : ""));
  const hidden = names.find((name) => systemName.test(name));
  if (hidden !== undefined) throw refused(`${named(hidden)} is a name of the system: choose another one`);
  return { outer, names: new Map(names.map((name, index) => [name, index])), below: names.length };
}
