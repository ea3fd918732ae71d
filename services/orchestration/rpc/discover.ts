import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { Db } from "../../lib/database.ts";
import { type Scope, scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import { diffTables } from "../catalog-diff.ts";
import type { DiscoveredTable } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceChanged, sourceNotFound } from "../errors.ts";
import { startWork, type Work } from "../executions/start-work.ts";
import { toTable } from "../message.ts";
import { openSource } from "../open-source.ts";
import { findSource, findSourceForUpdate, type SourceRow } from "../source-repository.ts";
import { deleteTables, insertTables, listSourceTables, updateTable } from "../table-repository.ts";

/** How long the tables of a source may be read, in milliseconds. */
const discoverTimeoutMs = 5 * 60_000;

export const discover =
  (deps: OrchestrationDeps): MethodImpl<typeof CatalogService.method.discover> =>
  async ({ sourceId }, context) => {
    const scope = scopeOf(context);
    using work = startWork(deps, context, {
      workClass: "interactive",
      subject: "the discovery",
      limits: [{ ms: discoverTimeoutMs, setBy: "server" }],
    });
    const source = await findSource(deps.db, scope, sourceId);
    if (!source) throw sourceNotFound(sourceId);
    const found = await readTables(deps, source, work);
    return deps.db.transaction((tx) => replaceTables(tx, scope, source, found));
  };

async function readTables(
  deps: OrchestrationDeps,
  source: SourceRow,
  work: Work,
): Promise<DiscoveredTable[]> {
  using admitted = await work.admit();
  return await openSource(deps, source).discover(admitted);
}

async function replaceTables(tx: Db, scope: Scope, source: SourceRow, found: readonly DiscoveredTable[]) {
  const { sourceId, revision } = source;
  // Discoveries of one source that end at the same time are written one after the other.
  const current = await findSourceForUpdate(tx, scope, sourceId);
  if (!current) throw sourceNotFound(sourceId);
  if (current.revision !== revision) throw sourceChanged(sourceId);
  const { added, kept, removed } = diffTables(await listSourceTables(tx, scope, sourceId), found);
  const changed = [];
  for (const { known, found: table, isChanged } of kept) {
    if (!isChanged && known.rowCount === (table.rowCount ?? null)) continue;
    const row = await updateTable(tx, scope, known.tableId, table, isChanged);
    if (row && isChanged) changed.push(row);
  }
  const removedIds = removed.map(({ tableId }) => tableId);
  await deleteTables(tx, scope, removedIds);
  const identified = added.map((table) => ({ ...table, tableId: newId() }));
  const inserted = await insertTables(tx, scope, sourceId, identified);
  return {
    added: inserted.map(toTable),
    changed: changed.map(toTable),
    removed: removed.map(toTable),
    unchangedCount: kept.filter(({ isChanged }) => !isChanged).length,
  };
}
