import { identifier } from "../engine/sql-text.ts";
import type { Lineage, LineageColumn } from "./lineage.ts";
import { ownNamespace } from "./lineage.ts";
import type { Dialect, StatementFacts, TableReference } from "./sql/statement-facts.ts";
import { tableEntity } from "./table-entity.ts";

/** A table of the catalog. */
export type CatalogTable = {
  readonly tableId: string;
  readonly sourceId: string;
  readonly schemaName: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string }[];
};

/** The tables that a statement names, by its references' keys; what can't be told for sure is left out. */
export function resolveTables(
  references: readonly TableReference[],
  { sql, dialect }: { sql: string; dialect: Dialect },
  tables: readonly CatalogTable[],
): ReadonlyMap<string, CatalogTable> {
  const resolve = dialect === "duckdb" ? resolveFileTable : resolvePostgresqlTable;
  const resolved = references.flatMap((reference) => {
    const table = resolve(reference, tables, sql);
    return table ? [[reference.key, table] as const] : [];
  });
  // Two references that are spelled alike, as the table "a.b" and the table b of schema a.
  const times = (key: string) => references.filter((reference) => reference.key === key).length;
  return new Map(resolved.filter(([key]) => times(key) === 1));
}

/** A source on a file has one table, in a schema that the engine chooses. */
function resolveFileTable(
  { name }: TableReference,
  tables: readonly CatalogTable[],
): CatalogTable | undefined {
  return tables.find((table) => isSame(table.name, name));
}

/** Without a schema, the search path decides: by default, `public` is all of it that has tables. */
function resolvePostgresqlTable(
  reference: TableReference,
  tables: readonly CatalogTable[],
  sql: string,
): CatalogTable | undefined {
  // The server folds names that are not quoted.
  const folded = (name: string) => (sql.includes(identifier(name)) ? name : name.toLowerCase());
  const name = folded(reference.name);
  const schemaName = folded(reference.schemaName);
  const named = tables.filter((table) => table.name === name);
  if (schemaName !== "") return named.find((table) => table.schemaName === schemaName);
  return named.length === 1 ? named[0] : named.find((table) => table.schemaName === "public");
}

/** Characters of a column's name: it stands in an index. */
const columnLengthMax = 255;

/** What an execution read: an edge from each table, with the result's columns. */
export function executionLineage(
  executionId: string,
  facts: StatementFacts | undefined,
  tables: ReadonlyMap<string, CatalogTable>,
  resultColumns: readonly string[] | undefined,
): Lineage {
  const read = [...new Map([...tables.values()].map((table) => [table.tableId, table])).values()];
  const columns = facts?.columns ?? [];
  const names = resultNames(
    columns.map(({ name }) => name),
    resultColumns,
  );
  return {
    entities: [
      { entityId: executionId, kind: "job", namespace: ownNamespace, name: `executions/${executionId}` },
      ...read.map(tableEntity),
    ],
    edges: read.map(({ tableId }) => ({ fromEntityId: tableId, toEntityId: executionId })),
    columns: columns.flatMap(({ transformation, from }, index) => {
      const toColumn = names[index];
      if (toColumn === undefined || toColumn.length > columnLengthMax) return [];
      return from.flatMap(({ tableKey, column }): LineageColumn[] => {
        const table = tables.get(tableKey);
        const fromColumn = table && columnOf(table, column);
        if (!fromColumn || fromColumn.length > columnLengthMax) return [];
        const { tableId } = table;
        const edge = { fromEntityId: tableId, toEntityId: executionId };
        return [{ ...edge, fromColumn, columnEntityId: tableId, toColumn, transformation }];
      });
    }),
  };
}

/**
 * The source's own names of the columns that the statement tells; undefined for what can't be told for sure. Where
 * their numbers differ, something was overlooked: then a name counts that both have once.
 */
function resultNames(
  told: readonly string[],
  answered: readonly string[] | undefined,
): readonly (string | undefined)[] {
  if (!answered || answered.length === told.length) return answered ?? told;
  return told.map((name) => {
    const same = answered.filter((one) => isSame(one, name));
    return same.length === 1 && told.filter((one) => isSame(one, name)).length === 1 ? same[0] : undefined;
  });
}

/** The catalog's name of a column; undefined for what is none, as the row's own id. */
function columnOf({ columns }: CatalogTable, name: string): string | undefined {
  const names = columns.map((column) => column.name);
  if (names.includes(name)) return name;
  const folded = names.filter((one) => isSame(one, name));
  return folded.length === 1 ? folded[0] : undefined;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
