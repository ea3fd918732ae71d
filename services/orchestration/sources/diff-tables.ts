import { isDeepStrictEqual } from "node:util";
import type { DiscoveredTable } from "../connectors/connector.ts";

type KnownTable = Pick<DiscoveredTable, "schemaName" | "name" | "columns">;

export type CatalogDiff<Known> = {
  readonly added: readonly DiscoveredTable[];
  /** Known tables that were found again. */
  readonly kept: readonly {
    readonly known: Known;
    readonly found: DiscoveredTable;
    readonly isChanged: boolean;
  }[];
  readonly removed: readonly Known[];
};

/** Compares the catalog with a discovery. Schema and name identify a table; other columns make it changed. */
export function diffTables<Known extends KnownTable>(
  known: readonly Known[],
  found: readonly DiscoveredTable[],
): CatalogDiff<Known> {
  const knownByName = new Map(known.map((table) => [keyOf(table), table]));
  const foundNames = new Set(found.map(keyOf));
  return {
    added: found.filter((table) => !knownByName.has(keyOf(table))),
    kept: found.flatMap((table) => {
      const before = knownByName.get(keyOf(table));
      return before
        ? [{ known: before, found: table, isChanged: !isDeepStrictEqual(before.columns, table.columns) }]
        : [];
    }),
    removed: known.filter((table) => !foundNames.has(keyOf(table))),
  };
}

const keyOf = ({ schemaName, name }: KnownTable): string => JSON.stringify([schemaName, name]);
