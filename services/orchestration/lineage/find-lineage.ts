import type { Db } from "../../lib/database/database.ts";
import { narrow } from "../../lib/database/scope.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { StatementTable } from "../engine/catalog-statement.ts";
import { matchTable } from "../federation/match-tables.ts";
import { listCandidates } from "../federation/resolve-tables.ts";
import { listTablesByName } from "../table-repository.ts";
import type { Lineage } from "./lineage.ts";
import type { Dialect, TableReference } from "./sql/statement-facts.ts";
import type { StatementReader } from "./sql/statement-reader.ts";
import { type CatalogTable, executionLineage, resolveTables } from "./statement-lineage.ts";

const dialects: Readonly<Record<string, Dialect>> = {
  file: "duckdb",
  mysql: "mysql",
  postgresql: "postgresql",
};

/** A statement whose lineage is wanted. */
export type TracedStatement = {
  readonly executionId: string;
  readonly namespace: string;
  /** Null for a statement over the catalog. */
  readonly sourceId: string | null;
  readonly connector: string | null;
  readonly sql: string;
  readonly resultColumns?: readonly string[];
};

/** Reads the lineage of statements. The finder caches tables, so it is for one batch. */
export function createLineageFinder(
  db: Db,
  scope: Scope,
  reader: Pick<StatementReader, "read">,
): (statement: TracedStatement) => Promise<Lineage> {
  const listTables = cacheTables(db, scope);

  async function tablesOf(
    { namespace, sourceId, sql }: TracedStatement,
    dialect: Dialect,
    references: readonly TableReference[],
  ): Promise<ReadonlyMap<string, CatalogTable>> {
    if (sourceId === null) return catalogTables(db, narrow(scope, namespace), references);
    const names = references.map(({ name }) => name);
    return resolveTables(references, { sql, dialect }, await listTables(sourceId, names));
  }

  return async (statement) => {
    const { executionId, sourceId, connector, sql, resultColumns } = statement;
    const nothing = executionLineage(executionId, undefined, new Map(), undefined);
    const dialect = sourceId === null ? "duckdb" : dialects[connector ?? ""];
    if (!dialect) return nothing;
    const named = await reader.read({ sql, dialect, knownTables: [] });
    if (!named || named.tables.length === 0) return nothing;
    const tables = await tablesOf(statement, dialect, named.tables);
    const knownTables = named.tables.flatMap((reference) => {
      const table = tables.get(reference.key);
      return table ? [{ ...reference, columns: table.columns.map(({ name }) => name) }] : [];
    });
    const facts = await reader.read({ sql, dialect, knownTables });
    return executionLineage(executionId, facts, tables, resultColumns);
  };
}

/** The tables that names of the catalog mean now. Others are left out. */
async function catalogTables(
  db: Db,
  scope: Scope,
  references: readonly TableReference[],
): Promise<ReadonlyMap<string, CatalogTable>> {
  const named = references.map((reference) => ({ key: reference.key, name: nameOf(reference) }));
  const { sources, tables } = await listCandidates(
    db,
    scope,
    named.map(({ name }) => name),
  );
  const found = named.flatMap(({ key, name }) => {
    const match = matchTable(name, sources, tables);
    return "kind" in match ? [] : [[key, match.table] as const];
  });
  return new Map(found);
}

const nameOf = ({ catalogName, schemaName, name }: TableReference): StatementTable => ({
  catalog: catalogName ?? "",
  schema: schemaName,
  name,
});

type ListTables = (sourceId: string, names: readonly string[]) => ReturnType<typeof listTablesByName>;

/** Caches lookups of a batch, whose executions often name the same tables. */
function cacheTables(db: Db, scope: Scope): ListTables {
  const cache = new Map<string, ReturnType<typeof listTablesByName>>();
  return (sourceId, names) => {
    const key = JSON.stringify([sourceId, names]);
    const listed = cache.get(key) ?? listTablesByName(db, scope, sourceId, names);
    cache.set(key, listed);
    return listed;
  };
}
