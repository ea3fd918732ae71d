import type { HandlerContext } from "@connectrpc/connect";
import { currentCall, withinCall } from "../../lib/rpc/call.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { TableName } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { discoveryOverlapped, sourceChanged, sourceNotFound } from "../errors.ts";
import { startWork } from "../executions/start-work.ts";
import { findSource, findSourceForUpdate, type SourceRow } from "../source-repository.ts";
import { openSource } from "../sources/open-source.ts";
import type { Limit } from "../timing/limit.ts";
import { readTime } from "./discovery-repository.ts";
import { type Discovery, writeDiscovery } from "./write-discovery.ts";

/** Time limit of a discovery, in milliseconds. */
const discoverTimeoutMs = 5 * 60_000;
/** How often a source is read while other discoveries change its tables. */
const readsMax = 3;

/** What is discovered: all tables of a source, or one that the catalog has. */
export type DiscoveryRequest = {
  readonly sourceId: string;
  readonly table?: TableName & { readonly tableId: string };
};

/** Reads tables of a source into the catalog, in a call. Fails as the contract says of Discover. */
export async function discoverTables(
  deps: OrchestrationDeps,
  context: HandlerContext,
  { sourceId, table }: DiscoveryRequest,
): Promise<Discovery> {
  const scope = scopeOf(context);
  using work = startWork(deps, context, {
    workClass: "interactive",
    subject: "the discovery",
    limits: [{ ms: discoverTimeoutMs, setBy: "server" }],
  });
  const source = await findSource(deps.db, scope, sourceId);
  if (!source) throw sourceNotFound(sourceId);
  using admitted = await work.admit();
  for (let reads = 0; reads < readsMax; reads++) {
    const discovery = await readAndWrite(deps, scope, { source, table, limit: admitted });
    if (discovery) return discovery;
  }
  throw discoveryOverlapped(sourceId);
}

type Reading = {
  readonly source: SourceRow;
  readonly table: DiscoveryRequest["table"];
  readonly limit: Limit;
};

async function readAndWrite(
  deps: OrchestrationDeps,
  scope: Scope,
  { source, table, limit }: Reading,
): Promise<Discovery | undefined> {
  const { sourceId, revision } = source;
  const time = await readTime(deps.db);
  const found = await openSource(deps, source).discover(limit, table);
  return await untilEnd(limit.signal, () =>
    deps.db.transaction(async (tx) => {
      // The row lock serializes concurrent discoveries of one source.
      const current = await findSourceForUpdate(tx, scope, sourceId);
      if (!current) throw sourceNotFound(sourceId);
      if (current.revision !== revision) throw sourceChanged(sourceId);
      return writeDiscovery(tx, scope, { source: current, tableId: table?.tableId, found, readTime: time });
    }),
  );
}

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
