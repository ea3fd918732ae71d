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
  readonly namespace: string;
  readonly columns: readonly { readonly name: string }[];
};

/** Maps a statement's references to tables of the catalog, by key. Ambiguous ones are left out. */
export function resolveTables(
  references: readonly TableReference[],
  { sql, dialect }: { sql: string; dialect: Dialect },
  tables: readonly CatalogTable[],
): ReadonlyMap<string, CatalogTable> {
  const resolve = resolvers[dialect];
  const resolved = references.flatMap((reference) => {
    const table = resolve(reference, tables, sql);
    return table ? [[reference.key, table] as const] : [];
  });
  // Different references can have the same key, such as the table "a.b" and the table b of schema a.
  const times = (key: string) => references.filter((reference) => reference.key === key).length;
  return new Map(resolved.filter(([key]) => times(key) === 1));
}

/** A file source has one table. Its schema is chosen by the engine. */
function resolveFileTable(
  { name }: TableReference,
  tables: readonly CatalogTable[],
): CatalogTable | undefined {
  return tables.find((table) => isSame(table.name, name));
}

/** A name without a schema follows the search path, of which by default only `public` has tables. */
function resolvePostgresqlTable(
  reference: TableReference,
  tables: readonly CatalogTable[],
  sql: string,
): CatalogTable | undefined {
  // PostgreSQL folds unquoted names to lower case.
  const folded = (name: string) => (sql.includes(identifier(name)) ? name : name.toLowerCase());
  const name = folded(reference.name);
  const schemaName = folded(reference.schemaName);
  const named = tables.filter((table) => table.name === name);
  if (schemaName !== "") return named.find((table) => table.schemaName === schemaName);
  return named.length === 1 ? named[0] : named.find((table) => table.schemaName === "public");
}

/** Whether case counts depends on the server. A name without a schema is of the source's database, which is not known here. */
function resolveMysqlTable(
  { name, schemaName }: TableReference,
  tables: readonly CatalogTable[],
): CatalogTable | undefined {
  const named = tables.filter(
    (table) => isSame(table.name, name) && (schemaName === "" || isSame(table.schemaName, schemaName)),
  );
  if (named.length === 1) return named[0];
  return named.find((table) => table.name === name && table.schemaName === schemaName);
}

const resolvers = { duckdb: resolveFileTable, mysql: resolveMysqlTable, postgresql: resolvePostgresqlTable };

/** Characters of a column's name, which is part of an index. */
const columnLengthMax = 255;

/** Lineage of an execution: an edge from each table it read, with the columns of the result. */
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
  const direct = columns.flatMap(({ transformation, from }, index) => {
    const toColumn = names[index];
    if (toColumn === undefined || toColumn.length > columnLengthMax) return [];
    return from.map((origin) => ({ ...origin, toColumn, transformation }));
  });
  const indirect = (facts?.indirect ?? []).map((origin) => ({ ...origin, toColumn: "" }));
  return {
    entities: [
      { entityId: executionId, kind: "job", namespace: ownNamespace, name: `executions/${executionId}` },
      ...read.map(tableEntity),
    ],
    edges: read.map(({ tableId }) => ({ fromEntityId: tableId, toEntityId: executionId })),
    columns: [...direct, ...indirect].flatMap((column) => columnLineage(executionId, tables, column)),
  };
}

type ParsedColumn = Pick<LineageColumn, "toColumn" | "transformation"> & {
  readonly tableKey: string;
  readonly column: string;
};

/** Nothing for a column that the catalog does not have. */
function columnLineage(
  executionId: string,
  tables: ReadonlyMap<string, CatalogTable>,
  { tableKey, column, toColumn, transformation }: ParsedColumn,
): LineageColumn[] {
  const table = tables.get(tableKey);
  const fromColumn = table && columnOf(table, column);
  if (!fromColumn || fromColumn.length > columnLengthMax) return [];
  const { tableId } = table;
  const edge = { fromEntityId: tableId, toEntityId: executionId };
  return [{ ...edge, fromColumn, columnEntityId: tableId, toColumn, transformation }];
}

/**
 * The result's names of the columns parsed from the statement; undefined for ambiguous ones. If the numbers differ, the parser
 * missed something: then only names that occur once in both are used.
 */
function resultNames(
  parsed: readonly string[],
  actual: readonly string[] | undefined,
): readonly (string | undefined)[] {
  if (!actual || actual.length === parsed.length) return actual ?? parsed;
  return parsed.map((name) => {
    const same = actual.filter((one) => isSame(one, name));
    return same.length === 1 && parsed.filter((one) => isSame(one, name)).length === 1 ? same[0] : undefined;
  });
}

/** The catalog's name of a column; undefined for pseudo-columns such as `rowid`. */
function columnOf({ columns }: CatalogTable, name: string): string | undefined {
  const names = columns.map((column) => column.name);
  if (names.includes(name)) return name;
  const folded = names.filter((one) => isSame(one, name));
  return folded.length === 1 ? folded[0] : undefined;
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
