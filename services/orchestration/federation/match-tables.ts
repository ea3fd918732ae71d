import type { StatementTable } from "../engine/catalog-statement.ts";
import type { SourceRow } from "../source-repository.ts";
import type { TableRow } from "../table-repository.ts";

/** A table of the catalog, as a statement names it. */
export type MatchedTable = {
  readonly reference: StatementTable;
  readonly source: SourceRow;
  readonly table: CatalogEntry;
};

/** What the catalog says about a table. */
export type CatalogEntry = Pick<
  TableRow,
  "tableId" | "sourceId" | "namespace" | "schemaName" | "name" | "columns" | "rowCount"
>;

/** Why a name means no table: the source or the table is unknown, or one of them ambiguous. */
export type Mismatch =
  | { readonly kind: "no source" }
  | { readonly kind: "several sources" }
  | { readonly kind: "no table"; readonly source: SourceRow }
  | { readonly kind: "several tables"; readonly tables: readonly TableRow[] };

/** The part of a name that is its source's; undefined if it has none. */
export const sourceNameOf = ({ catalog, schema }: StatementTable): string | undefined =>
  catalog || schema || undefined;

/**
 * Finds the table that a name means among those of a catalog. Case counts only if it decides. An id is its source's, even if
 * another source has it for a display name.
 */
export function matchTable(
  reference: StatementTable,
  sources: readonly SourceRow[],
  tables: readonly TableRow[],
): MatchedTable | Mismatch {
  const { catalog, schema, name } = reference;
  const wanted = sourceNameOf(reference);
  const byId = sources.filter(({ sourceId }) => sourceId === wanted?.toLowerCase());
  const byName = matching(sources, wanted ?? "", ({ displayName }) => displayName);
  const [source, ...otherSources] = byId.length > 0 ? byId : byName;
  if (wanted === undefined || !source) return { kind: "no source" };
  if (otherSources.length > 0) return { kind: "several sources" };
  const own = tables.filter(({ sourceId }) => sourceId === source.sourceId);
  const inSchema = catalog === "" ? own : matching(own, schema, ({ schemaName }) => schemaName);
  const named = matching(inSchema, name, (table) => table.name);
  const [table, ...otherTables] = named;
  if (!table) return { kind: "no table", source };
  if (otherTables.length > 0) return { kind: "several tables", tables: named };
  return { reference, source, table };
}

/** Those with exactly this name, or else those with the same name but for its case. */
function matching<T>(items: readonly T[], name: string, nameOf: (item: T) => string): readonly T[] {
  const exact = items.filter((item) => nameOf(item) === name);
  return exact.length > 0 ? exact : items.filter((item) => nameOf(item).toLowerCase() === name.toLowerCase());
}

/** The name as a person would write it. */
export const formatName = (parts: readonly string[]): string =>
  parts
    .filter((part) => part !== "")
    .map((part) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join(".");

export const formatReference = ({ catalog, schema, name }: StatementTable): string =>
  formatName([catalog, schema, name]);
