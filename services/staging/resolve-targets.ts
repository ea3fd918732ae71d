import { Code, ConnectError } from "@connectrpc/connect";
import type { Table } from "../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { Job, TableSelection } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { readCatalog } from "../lib/clients/read-catalog.ts";
import { invalidField } from "../lib/rpc/errors.ts";
import type { StagingDeps } from "./deps.ts";
import { sourceUnknown } from "./errors.ts";
import type { Target } from "./schema.ts";

type Catalog = Pick<StagingDeps, "catalog" | "sources">;
type Wanted = { path: string; table: Table; columns: string[] };

/**
 * Finds a job's tables and columns in the caller's catalog, and the namespace of their source. InvalidArgument names the
 * missing one.
 */
export async function resolveTargets(
  deps: Catalog,
  { sourceId, tables, selections }: Job,
): Promise<{ targets: Target[]; namespace: string }> {
  const known = await readTables(deps, sourceId);
  const wanted: Wanted[] = [
    ...tables.map((name, index) => ({
      path: `job.tables[${index}]`,
      table: namedTable(known, name, `job.tables[${index}]`),
      columns: [],
    })),
    ...selections.map((selection, index) => selectedTable(known, selection, `job.selections[${index}]`)),
  ];
  refuseTwice(wanted);
  const targets = wanted.map(({ table, columns }) => ({ tableId: table.tableId, columns }));
  return { targets, namespace: wanted[0]?.table.namespace ?? "" };
}

async function readTables({ catalog, sources }: Catalog, sourceId: string): Promise<Table[]> {
  const tables = await readCatalog(catalog, sourceId);
  if (tables.length === 0) await refuseUnknownSource(sources, sourceId);
  return tables;
}

async function refuseUnknownSource(sources: Catalog["sources"], sourceId: string): Promise<void> {
  try {
    await sources.getSource({ sourceId });
  } catch (error) {
    if (!(error instanceof ConnectError) || error.code !== Code.NotFound) throw error;
    throw sourceUnknown(sourceId);
  }
}

function namedTable(known: readonly Table[], text: string, path: string): Table {
  const named = known.filter(({ schemaName, name }) => name === text || `${schemaName}.${name}` === text);
  const [table, ...others] = named;
  if (!table) throw invalidField(path, `the catalog has no table ${text} of the source: discover it first`);
  if (others.length > 0) {
    throw invalidField(path, `${text} is the name of several tables: name it with its schema, in selections`);
  }
  return table;
}

function selectedTable(
  known: readonly Table[],
  { schemaName, name, columns }: TableSelection,
  path: string,
): Wanted {
  const table = known.find((candidate) => candidate.schemaName === schemaName && candidate.name === name);
  if (!table) {
    const text = schemaName === "" ? name : `${schemaName}.${name}`;
    throw invalidField(path, `the catalog has no table ${text} of the source: discover it first`);
  }
  const names = new Set(table.columns.map((column) => column.name));
  const unknown = columns.findIndex((column) => !names.has(column));
  if (unknown >= 0) {
    throw invalidField(`${path}.columns[${unknown}]`, `table ${name} has no column ${columns[unknown]}`);
  }
  return { path, table, columns };
}

function refuseTwice(wanted: readonly Wanted[]): void {
  const seen = new Set<string>();
  for (const { path, table } of wanted) {
    if (seen.has(table.tableId)) throw invalidField(path, `table ${table.name} is named twice`);
    seen.add(table.tableId);
  }
}
