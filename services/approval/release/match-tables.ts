import type { Table } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { SelectedTable } from "../schema.ts";

/** A selected table, as the catalog has it, with the columns that will be released. */
export type MatchedTable = { table: Table; columns: Table["columns"] };

/**
 * Finds the selected tables and columns in the catalog, in the order of the selection. `problems` has a sentence for
 * each that is not there. A table without a schema is found in any schema, if it is in one only.
 */
export function matchTables(
  selected: readonly SelectedTable[],
  catalog: readonly Table[],
): { matched: MatchedTable[]; problems: string[] } {
  if (catalog.length === 0) return { matched: [], problems: ["it was not discovered"] };
  const byName = Map.groupBy(catalog, ({ name }) => name);
  const matched: MatchedTable[] = [];
  const problems: string[] = [];
  const taken = new Set<string>();
  for (const selection of selected) {
    const found = matchTable(selection, byName.get(selection.name) ?? []);
    if (typeof found === "string") problems.push(found);
    else if (taken.has(found.tableId)) problems.push(`table ${qualifiedName(selection)} is selected twice`);
    else {
      taken.add(found.tableId);
      const { columns, missing } = matchColumns(selection, found);
      problems.push(...missing.map((name) => `table ${qualifiedName(selection)} has no column ${name}`));
      matched.push({ table: found, columns });
    }
  }
  return { matched, problems };
}

function matchTable(selection: SelectedTable, named: readonly Table[]): Table | string {
  const { schemaName } = selection;
  const exact = named.find((table) => table.schemaName === schemaName);
  if (exact) return exact;
  const [first, ...others] = schemaName === "" ? named : [];
  if (!first) return `there is no table ${qualifiedName(selection)}`;
  if (others.length === 0) return first;
  return `table ${selection.name} is in several schemas: ${named.map((table) => table.schemaName).join(", ")}`;
}

function matchColumns({ columns }: SelectedTable, table: Table) {
  if (columns.length === 0) return { columns: table.columns, missing: [] };
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  return {
    columns: columns.flatMap((name) => byName.get(name) ?? []),
    missing: columns.filter((name) => !byName.has(name)),
  };
}

const qualifiedName = ({ schemaName, name }: SelectedTable): string =>
  schemaName ? `${schemaName}.${name}` : name;
