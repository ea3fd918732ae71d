import type { MethodImpl } from "@connectrpc/connect";
import type { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { currentCall, withinCall } from "../../lib/rpc/call.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import type { DiscoveredTable } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceChanged, sourceNotFound } from "../errors.ts";
import { startWork } from "../executions/start-work.ts";
import { toTable } from "../message.ts";
import { findSource, findSourceForUpdate, type SourceRow } from "../source-repository.ts";
import { diffTables } from "../sources/diff-tables.ts";
import { openSource } from "../sources/open-source.ts";
import {
  deleteTables,
  insertTables,
  listSourceTables,
  updateColumns,
  updateRowCounts,
} from "../table-repository.ts";

/** Time limit of a discovery, in milliseconds. */
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
    using admitted = await work.admit();
    const found = await openSource(deps, source).discover(admitted);
    return await untilEnd(admitted.signal, () =>
      deps.db.transaction((tx) => replaceTables(tx, scope, source, found)),
    );
  };

/** Runs `write` with the time limit of the work, which is at most the call's. */
async function untilEnd<T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> {
  const call = currentCall();
  if (!call) throw new Error("a discovery is written outside of any call");
  try {
    return await withinCall({ ...call, signal }, write);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

async function replaceTables(tx: Db, scope: Scope, source: SourceRow, found: readonly DiscoveredTable[]) {
  const { sourceId, revision } = source;
  // The row lock serializes concurrent discoveries of one source.
  const current = await findSourceForUpdate(tx, scope, sourceId);
  if (!current) throw sourceNotFound(sourceId);
  if (current.revision !== revision) throw sourceChanged(sourceId);
  const { added, kept, removed } = diffTables(await listSourceTables(tx, scope, sourceId), found);
  const updateOf = ({ known: { tableId }, found: table }: (typeof kept)[number]) => ({ ...table, tableId });
  const altered = kept.filter(({ isChanged }) => isChanged);
  const recounted = kept.filter(
    ({ known, found: table, isChanged }) => !isChanged && known.rowCount !== (table.rowCount ?? null),
  );
  const changed = await updateColumns(tx, scope, altered.map(updateOf));
  await updateRowCounts(tx, scope, recounted.map(updateOf));
  const removedIds = removed.map(({ tableId }) => tableId);
  await deleteTables(tx, scope, removedIds);
  const identified = added.map((table) => ({ ...table, tableId: newId() }));
  const inserted = await insertTables(tx, scope, current, identified);
  return {
    added: inserted.map(toTable),
    changed: changed.map(toTable),
    removed: removed.map(toTable),
    unchangedCount: kept.filter(({ isChanged }) => !isChanged).length,
  };
}
