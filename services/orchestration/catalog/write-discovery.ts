import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { DiscoveredTable } from "../connectors/connector.ts";
import { listTablesById, type TableRow } from "../table-repository.ts";
import { describeChange, type SchemaChange } from "./describe-change.ts";
import { diffTables, type Found } from "./diff-tables.ts";
import * as repository from "./discovery-repository.ts";
import { schemaOf } from "./schema-hash.ts";
import { updateTableCounts } from "./schema-repository.ts";
import { deleteDocuments, updateDocuments } from "./search/document-repository.ts";
import { insertVersions, updateHashes } from "./version-repository.ts";

export type ChangedTable = { readonly row: TableRow; readonly change: SchemaChange };

/** What a discovery changed in the catalog. */
export type Discovery = {
  /** New, or back. */
  readonly added: readonly TableRow[];
  readonly changed: readonly ChangedTable[];
  readonly removed: readonly TableRow[];
  readonly unchangedCount: number;
};

type Request = {
  /** The source, whose row is locked. */
  readonly source: { readonly sourceId: string; readonly namespace: string };
  /** The only table that was read; undefined for all. */
  readonly tableId: string | undefined;
  readonly found: readonly DiscoveredTable[];
  /** Time of the database before the source was read. */
  readonly readTime: string;
};

/**
 * Brings the catalog to what was found. Writes nothing if nothing is new. Undefined if something is, and another discovery has
 * changed the catalog since the source was read: which of the two has seen the later state is not known.
 */
export async function writeDiscovery(
  tx: Db,
  scope: Scope,
  { source, tableId, found, readTime }: Request,
): Promise<Discovery | undefined> {
  const { sourceId } = source;
  const known = await repository.listKnownTables(tx, scope, sourceId, tableId);
  const diff = diffTables(known, found);
  await repository.updateSizes(
    tx,
    scope,
    diff.resized.map(({ known: { tableId: id }, found: table }) => ({ tableId: id, found: table })),
  );
  const { added, restored, altered, removed } = diff;
  if ([added, restored, altered, removed].every((tables) => tables.length === 0)) {
    return { added: [], changed: [], removed: [], unchangedCount: diff.unchangedCount };
  }
  if (await repository.hasChangedSince(tx, scope, sourceId, readTime)) return undefined;
  await repository.deleteForgotten(tx, scope, sourceId);
  const inserted = await repository.insertTables(tx, scope, source, added);
  const back = await updateFound(tx, scope, restored);
  const kept = await updateFound(tx, scope, altered);
  const deleted = await repository.markDeleted(
    tx,
    scope,
    removed.map((table) => table.tableId),
  );
  const changed = kept.flatMap(({ row, change }) => (change ? [{ row, change }] : []));
  const returned = back.map(({ row }) => row);
  const renewed = [...back, ...kept].filter(({ change }) => change).map(({ row }) => row);
  await insertVersions(tx, [...inserted, ...renewed]);
  await updateHashes(
    tx,
    kept.filter(({ change }) => !change).map(({ row }) => row),
  );
  const schemaNames = [...inserted, ...returned, ...deleted].map(({ schemaName }) => schemaName);
  await updateTableCounts(tx, scope, source, [...new Set(schemaNames)].sort());
  await repository.updateDiscoverTime(tx, scope, sourceId);
  await deleteDocuments(
    tx,
    scope,
    deleted.map((table) => table.tableId),
  );
  await updateDocuments(tx, [...inserted, ...returned, ...changed.map(({ row }) => row)]);
  return {
    added: [...inserted, ...returned],
    changed,
    removed: deleted,
    unchangedCount: diff.unchangedCount + kept.length - changed.length,
  };
}

/** Updates known tables to what was found. Those without a change had no hash, or were only deleted. */
async function updateFound(
  tx: Db,
  scope: Scope,
  kept: readonly Found<repository.KnownRow>[],
): Promise<{ readonly row: TableRow; readonly change: SchemaChange | undefined }[]> {
  if (kept.length === 0) return [];
  const ids = kept.map(({ known }) => known.tableId);
  const before = new Map(
    (await listTablesById(tx, scope, ids, { withDeleted: true })).map((row) => [row.tableId, row]),
  );
  const updates = kept.map(({ known: { tableId }, found }) => {
    const former = before.get(tableId);
    const change = former && describeChange(former, schemaOf(found));
    return { tableId, found, change, isVersion: change !== undefined };
  });
  const rows = await repository.updateTables(tx, scope, updates);
  return updates.flatMap(({ tableId, change }) => {
    const row = rows.get(tableId);
    return row ? [{ row, change }] : [];
  });
}
