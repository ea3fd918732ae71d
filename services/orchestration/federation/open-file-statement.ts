import type { Scope } from "../../lib/rpc/guard.ts";
import type { SourceRow } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import { listSourceTables } from "../table-repository.ts";
import type { Limit } from "../timing/limit.ts";
import type { CatalogEntry } from "./match-tables.ts";
import { type CatalogStatement, type FederationDeps, statementOver } from "./open-catalog-statement.ts";

/** A statement on the only table of a source, which it names without the source. */
export async function openFileStatement(
  deps: FederationDeps,
  scope: Scope,
  { sql, source }: { readonly sql: string; readonly source: SourceRow },
  limit: Limit,
): Promise<CatalogStatement> {
  const { sourceId, namespace } = source;
  const known: CatalogEntry[] = await listSourceTables(deps.db, scope, sourceId);
  const discovered = known.length > 0 ? known : await discover(deps, source, limit);
  const found = discovered.map((table) => ({
    reference: { catalog: "", schema: "", name: table.name },
    source,
    table,
  }));
  return statementOver(deps, scope, { sql, namespace }, found);
}

/** The catalog does not have a file that was never discovered. */
async function discover(deps: FederationDeps, source: SourceRow, limit: Limit): Promise<CatalogEntry[]> {
  const { sourceId, namespace } = source;
  const tables = await openSource(deps, source).discover(limit);
  return tables.map(({ schemaName, name, columns, rowCount = null }) => ({
    tableId: "",
    sourceId,
    namespace,
    schemaName,
    name,
    columns,
    rowCount,
  }));
}
