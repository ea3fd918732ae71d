import type { DataSource } from "../connectors/connector.ts";
import { withEngineFailures } from "../connectors/engine-failures.ts";
import type { CatalogPlan, StatementTable } from "../engine/catalog-statement.ts";
import type { Engine } from "../engine/engine.ts";
import type { TypedColumn } from "../engine/protocol.ts";
import { statementRefused, tableChanged } from "../errors.ts";
import type { Limit } from "../timing/limit.ts";
import { formatReference, type MatchedTable } from "./match-tables.ts";
import { pushDown, type ReadColumn, type TableRead } from "./push-down.ts";

/** A table of a statement with its open source, of which tables share one. */
export type SourcedTable = MatchedTable & { readonly dataSource: DataSource };

/** A table of a planned statement. */
export type PlannedTable = SourcedTable & {
  readonly columns: readonly ReadColumn[];
  readonly read: TableRead;
};

export type StatementPlan = {
  /** Columns of the result. */
  readonly columns: readonly TypedColumn[];
  readonly tables: readonly PlannedTable[];
};

const subject = "the statement";
/** For messages: these tasks read no file. */
const noFile = { path: "", fileName: subject };

/** The names of the tables that a statement reads. InvalidArgument (SQL_INVALID, STATEMENT_REFUSED). */
export function nameTables(
  engine: Pick<Engine, "run">,
  sql: string,
  limit: Limit,
): Promise<readonly StatementTable[]> {
  return withEngineFailures(subject, async () => {
    const reply = await engine.run({ ...noFile, kind: "tableNames", sql }, limit);
    if (reply.kind !== "tablesNamed") throw new Error("the engine answered something else");
    return reply.tables;
  });
}

/** Finds what a statement needs of its tables, and what their sources do for it. */
export async function planStatement(
  engine: Pick<Engine, "run">,
  { sql, maxRows }: { readonly sql: string; readonly maxRows: number | undefined },
  sourced: readonly SourcedTable[],
  limit: Limit,
): Promise<StatementPlan> {
  const columns = await readColumns(sourced, limit);
  const described = sourced.map((table) => ({ ...table, columns: columns.get(table) ?? [] }));
  for (const table of described) refuseCaseCollision(table);
  const tables = described.map(({ reference, columns: found }) => ({
    name: reference,
    columns: found.map(({ name, dataType }) => ({ name, dataType })),
  }));
  const plan = await withEngineFailures(subject, async () => {
    const reply = await engine.run({ ...noFile, kind: "planCatalog", sql, maxRows, tables }, limit);
    if (reply.kind !== "catalogPlanned") throw new Error("the engine answered something else");
    return reply.plan;
  });
  return { columns: plan.columns, tables: described.map((table, index) => withRead(table, index, plan)) };
}

const withRead = (
  table: Omit<PlannedTable, "read">,
  index: number,
  { scans }: CatalogPlan,
): PlannedTable => ({
  ...table,
  read: pushDown(
    table.columns,
    scans.filter((scan) => scan.table === index),
  ),
});

/** The columns of each table with their types in the engine. Databases are asked for them, files are in the catalog. */
async function readColumns(
  tables: readonly SourcedTable[],
  limit: Limit,
): Promise<ReadonlyMap<SourcedTable, readonly ReadColumn[]>> {
  const groups = [...Map.groupBy(tables, ({ dataSource }) => dataSource)];
  const described = await Promise.all(
    groups.map(([dataSource, group]) => describe(dataSource, group, limit)),
  );
  return new Map(described.flat());
}

async function describe(
  dataSource: DataSource,
  tables: readonly SourcedTable[],
  limit: Limit,
): Promise<[SourcedTable, readonly ReadColumn[]][]> {
  if (!dataSource.describeTables) return tables.map((sourced) => [sourced, sourced.table.columns]);
  const wanted = tables.map(({ table }) => ({ ...table, wanted: table.columns.map(({ name }) => name) }));
  const descriptions = await dataSource.describeTables(wanted.map(toSnapshotTable), limit);
  return tables.map((sourced, index) => {
    const description = descriptions[index];
    if (!description) throw tableChanged(formatReference(sourced.reference));
    return [sourced, description.columns];
  });
}

type WantedTable = Pick<MatchedTable["table"], "schemaName" | "name" | "columns"> & TableRead;

/** Only what a source needs to know travels to its process. */
export const toSnapshotTable = ({ schemaName, name, columns, wanted, filter, limit }: WantedTable) => ({
  schemaName,
  name,
  columns,
  wanted,
  filter,
  limit,
});

/** DuckDB takes names that differ by case only for one. */
function refuseCaseCollision({ reference, columns }: Omit<PlannedTable, "read">): void {
  const seen = new Map<string, string>();
  for (const { name } of columns) {
    const folded = name.toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined)
      throw statementRefused(
        `the table ${formatReference(reference)} has the columns ${JSON.stringify(other)} and ${JSON.stringify(name)}, ` +
          "which are one name for DuckDB: query it alone, by its source_id",
      );
    seen.set(folded, name);
  }
}
