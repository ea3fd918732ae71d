import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { StatementTable } from "../engine/catalog-statement.ts";
import { statementRefused, tableNameInvalid } from "../errors.ts";
import {
  formatName,
  formatReference,
  type MatchedTable,
  type Mismatch,
  matchTable,
  sourceNameOf,
} from "./match-tables.ts";
import {
  listSimilarTables,
  listSourcesByName,
  listTablesOfSources,
  type NamedTable,
} from "./name-repository.ts";

/** Tables that a statement may name. */
const tablesMax = 100;
/** Similar names in an error. */
const suggestionsMax = 5;

/** Names of DuckDB's own databases and schemas. */
const reservedNames = new Set(["main", "memory", "system", "temp", "pg_catalog", "information_schema"]);

/**
 * Finds the tables that the names of a statement mean, in the scope alone. InvalidArgument (TABLE_NAME_INVALID) for a name
 * that means none or several.
 */
export async function resolveTables(
  db: Db,
  scope: Scope,
  references: readonly StatementTable[],
): Promise<MatchedTable[]> {
  if (references.length > tablesMax)
    throw statementRefused(
      `the statement names ${references.length} tables, and ${tablesMax} are taken at most`,
    );
  const { sources, tables } = await listCandidates(db, scope, references);
  const found: MatchedTable[] = [];
  for (const reference of references) {
    const match = matchTable(reference, sources, tables);
    if ("kind" in match) throw await nameError(db, scope, reference, match);
    found.push(match);
  }
  refuseReserved(found);
  return withoutRepetition(found);
}

/** Sources and tables that the names may mean. */
export async function listCandidates(db: Db, scope: Scope, references: readonly StatementTable[]) {
  const names = references.flatMap((reference) => sourceNameOf(reference) ?? []);
  const sources = await listSourcesByName(db, scope, names);
  const sourceIds = sources.map(({ sourceId }) => sourceId);
  const tableNames = references.map(({ name }) => name);
  return { sources, tables: await listTablesOfSources(db, scope, sourceIds, tableNames) };
}

async function nameError(db: Db, scope: Scope, reference: StatementTable, mismatch: Mismatch) {
  const { name } = reference;
  const sourceName = sourceNameOf(reference);
  const text = formatReference(reference);
  const suggest = async (wanted: Parameters<typeof listSimilarTables>[2]) =>
    (await listSimilarTables(db, scope, wanted, suggestionsMax)).map(suggestionOf);
  switch (mismatch.kind) {
    case "several sources":
      return tableNameInvalid(
        text,
        "is ambiguous: several sources have this name but for its case, so name the source by its id",
        [],
      );
    case "several tables":
      return tableNameInvalid(
        text,
        "is ambiguous",
        mismatch.tables.map((table) => formatName([sourceName ?? "", table.schemaName, table.name])),
      );
    case "no source": {
      const problem =
        sourceName === undefined ? "has no source: name it as source.schema.table" : "is not in the catalog";
      return tableNameInvalid(text, problem, await suggest({ sourceId: undefined, name }));
    }
    case "no table": {
      const { sourceId } = mismatch.source;
      return tableNameInvalid(text, "is not in the catalog", await suggest({ sourceId, name }));
    }
  }
}

const suggestionOf = ({ sourceName, schemaName, name }: NamedTable): string =>
  formatName([sourceName, schemaName, name]);

function refuseReserved(tables: readonly MatchedTable[]): void {
  for (const { reference, source } of tables) {
    if (!reservedNames.has(fold(sourceNameOf(reference) ?? ""))) continue;
    throw tableNameInvalid(
      formatReference(reference),
      `begins with a name that DuckDB reserves: name the source by its id, ${source.sourceId}`,
      [],
    );
  }
}

/** DuckDB takes names that differ by case only for one. */
const fold = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Where DuckDB looks for the table. */
const placeOf = ({ catalog, schema, name }: StatementTable): string =>
  fold(JSON.stringify([catalog || schema, catalog ? schema : "main", name]));

function withoutRepetition(found: readonly MatchedTable[]): MatchedTable[] {
  const byPlace = Map.groupBy(found, ({ reference }) => placeOf(reference));
  refuseOthers(
    found,
    ({ reference }) => fold(sourceNameOf(reference) ?? ""),
    ({ source }) => source.sourceId,
  );
  refuseOthers(
    found,
    ({ reference }) => placeOf(reference),
    ({ table }) => table.tableId,
  );
  return [...byPlace.values()].flatMap(([first]) => first ?? []);
}

/** Refuses names that are the same for DuckDB, but mean different things. */
function refuseOthers(
  tables: readonly MatchedTable[],
  nameOf: (table: MatchedTable) => string,
  meaningOf: (table: MatchedTable) => string,
): void {
  const meanings = new Map<string, MatchedTable>();
  for (const table of tables) {
    const first = meanings.get(nameOf(table)) ?? table;
    meanings.set(nameOf(table), first);
    if (meaningOf(first) === meaningOf(table)) continue;
    throw tableNameInvalid(
      formatReference(table.reference),
      `and ${formatReference(first.reference)} are one name for DuckDB, which ignores their case: name the source by its id, or use one of them in a statement`,
      [],
    );
  }
}
