import type { DiscoveredTable } from "../connectors/connector.ts";
import { schemaHash, schemaOf } from "./schema-hash.ts";

export type KnownTable = {
  readonly schemaName: string;
  readonly name: string;
  /** Empty if it is not known. */
  readonly schemaHash: string;
  readonly rowCount: bigint | null;
  readonly sizeBytes: bigint | null;
  readonly deleteTime: Date | null;
};

/** A table that a discovery found. */
export type FoundTable = DiscoveredTable & { readonly schemaHash: string };

export type Found<Known> = { readonly known: Known; readonly found: FoundTable };

export type CatalogDiff<Known> = {
  readonly added: readonly FoundTable[];
  /** Known as deleted, and back. */
  readonly restored: readonly Found<Known>[];
  /** Found with another hash. */
  readonly altered: readonly Found<Known>[];
  /** Found with the same hash, and another number of rows or bytes. */
  readonly resized: readonly Found<Known>[];
  readonly removed: readonly Known[];
  readonly unchangedCount: number;
};

/** Compares the catalog with a discovery. Schema and name identify a table. */
export function diffTables<Known extends KnownTable>(
  known: readonly Known[],
  discovered: readonly DiscoveredTable[],
): CatalogDiff<Known> {
  const knownByName = new Map(known.map((table) => [keyOf(table), table]));
  const foundNames = new Set(discovered.map(keyOf));
  const found = discovered.map((table) => ({ ...table, schemaHash: schemaHash(schemaOf(table)) }));
  const kept = found.flatMap((table) => {
    const before = knownByName.get(keyOf(table));
    return before ? [{ known: before, found: table }] : [];
  });
  const live = kept.filter((each) => each.known.deleteTime === null);
  const same = live.filter((each) => each.known.schemaHash === each.found.schemaHash);
  return {
    added: found.filter((table) => !knownByName.has(keyOf(table))),
    restored: kept.filter((each) => each.known.deleteTime !== null),
    altered: live.filter((each) => each.known.schemaHash !== each.found.schemaHash),
    resized: same.filter(isResized),
    removed: known.filter((table) => table.deleteTime === null && !foundNames.has(keyOf(table))),
    unchangedCount: same.length,
  };
}

const isResized = ({ known, found }: Found<KnownTable>): boolean =>
  known.rowCount !== (found.rowCount ?? null) || known.sizeBytes !== (found.details?.sizeBytes ?? null);

const keyOf = ({ schemaName, name }: Pick<KnownTable, "schemaName" | "name">): string =>
  JSON.stringify([schemaName, name]);
