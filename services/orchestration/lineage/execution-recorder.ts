import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { databaseFailure } from "../../lib/database/database-failure.ts";
import { defaultNamespace } from "../../lib/database/scope.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { createLineageFinder } from "./find-lineage.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import type { Lineage, LineageEntity } from "./lineage.ts";
import { insertEntities, insertLineage } from "./lineage-repository.ts";
import { inOpenNamespaces } from "./open-namespaces.ts";
import type { StatementReader } from "./sql/statement-reader.ts";
import { listUnrecordedExecutions, type UnrecordedExecution } from "./unrecorded-repository.ts";
import { withOwner } from "./with-owner.ts";

type SucceededExecution = UnrecordedExecution & {
  /** Names of the result's columns. Not stored in the row, so undefined for executions found in the database. */
  readonly resultColumns?: readonly string[];
};

/** Records the lineage of executions in batches. */
export type ExecutionRecorder = AsyncDisposable & {
  /** Queues an execution. Failures are retried later and never thrown. */
  record(execution: SucceededExecution): void;
};

/** Length of the queue. Executions beyond it are found in the database later. */
const queueMax = 1000;
const batchRows = 100;
/** How long a batch is collected, in milliseconds. A transaction each would cost more than a small query. */
const batchDelayMs = 500;
/** Age up to which unrecorded executions are looked for. */
const lookBackMs = 24 * 60 * 60 * 1000;

type RecorderDeps = {
  readonly db: Db;
  readonly log: Logger;
  readonly reader: StatementReader;
  readonly forwarder: Pick<Forwarder, "queue">;
};

/** Starts with the executions that an earlier process left unrecorded. Disposing also disposes the reader. */
export function createExecutionRecorder(deps: RecorderDeps): ExecutionRecorder {
  const { db, log, reader } = deps;
  const queue: SucceededExecution[] = [];
  /** The id after which the database is searched; undefined when nothing is left there. */
  let searchAfter: string | undefined = firstId();
  /** Whether executions were left out because their namespace is closed: it may open again. */
  let hasClosed = false;
  let working: Promise<void> | undefined;
  const stopped = new AbortController();

  /** The next batch; empty when everything is recorded. */
  async function next(): Promise<SucceededExecution[]> {
    if (queue.length > 0 || searchAfter === undefined) return queue.splice(0, batchRows);
    const found = await listUnrecordedExecutions(db, searchAfter, batchRows);
    searchAfter = found.length === batchRows ? found.at(-1)?.executionId : undefined;
    return found;
  }

  async function recordAll(): Promise<void> {
    for (let batch = await next(); batch.length > 0; batch = await next()) {
      const groups = Map.groupBy(batch, ({ orgId }) => orgId);
      for (const [orgId, group] of groups) {
        if (stopped.signal.aborted) return;
        await recordGroup(orgId, group);
      }
    }
    if (hasClosed) searchAfter = firstId();
    hasClosed = false;
  }

  /** If a batch fails, each execution is recorded alone, so that one does not block the others. */
  async function recordGroup(orgId: string, group: readonly SucceededExecution[]): Promise<void> {
    try {
      const isWhole = await recordBatch(deps, orgId, group);
      hasClosed ||= !isWhole;
    } catch (err) {
      if (stopped.signal.aborted || isTransient(err)) throw err;
      const [only, ...others] = group;
      if (others.length > 0) for (const one of group) await recordGroup(orgId, [one]);
      else log.error({ err, executionId: only?.executionId }, "the lineage of an execution is not recorded");
    }
  }

  async function work(delayMs: number): Promise<void> {
    try {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal: stopped.signal });
      await recordAll();
    } catch (err) {
      if (stopped.signal.aborted) return;
      searchAfter = firstId();
      log.warn({ err }, "the lineage of executions will be recorded later");
      return;
    } finally {
      working = undefined;
    }
    // The queue may have been filled after it was last read.
    if (queue.length > 0) start(batchDelayMs);
  }

  function start(delayMs: number): void {
    if (!stopped.signal.aborted) working ??= outsideCalls(() => work(delayMs));
  }

  start(0);
  return {
    record(execution) {
      if (queue.length < queueMax) queue.push(execution);
      else searchAfter = firstId();
      start(batchDelayMs);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await reader[Symbol.asyncDispose]();
      await working;
    },
  };
}

/** Whether a later try may succeed: the database was unavailable, or a transaction was aborted. */
function isTransient(error: unknown): boolean {
  const code = databaseFailure(error)?.code;
  return code === Code.Unavailable || code === Code.Aborted;
}

/** Returns false if executions were left out, because a namespace is closed. */
async function recordBatch(
  { db, reader, forwarder }: RecorderDeps,
  orgId: string,
  executions: readonly SucceededExecution[],
): Promise<boolean> {
  const [first] = executions;
  if (!first) return true;
  const scope: Scope = {
    orgId,
    namespaces: "all",
    principal: { orgId, userId: first.creatorUserId, roles: [] },
  };
  const find = createLineageFinder(db, scope, reader);
  const read: { namespace: string; lineage: Lineage }[] = [];
  for (const execution of executions) {
    const { namespace } = execution;
    const lineage = await find(execution);
    const [job, ...others] = lineage.entities;
    const owned = [...(job ? [withOwner(execution.creatorUserId)(job)] : []), ...others];
    read.push({ namespace, lineage: { ...lineage, entities: owned.map(ownedBy(namespace)) } });
  }
  return db.transaction(async (tx) => {
    const open = await inOpenNamespaces(tx, orgId, read);
    const lineages = open.map(({ lineage }) => lineage);
    // The transaction that inserts the execution's entity also records its lineage, so it is recorded once.
    const jobs = lineages.flatMap(({ entities: [job] }) => (job ? [job] : []));
    const inserted = await insertEntities(tx, scope, jobs, defaultNamespace);
    const isInserted = ({ entities: [job] }: Lineage) => job !== undefined && inserted.has(job.entityId);
    const fresh = lineages.filter(isInserted);
    await insertLineage(tx, scope, fresh, defaultNamespace);
    await forwarder.queue(tx, orgId, fresh);
    return open.length === read.length;
  });
}

const ownedBy =
  (ownerNamespace: string) =>
  (entity: LineageEntity): LineageEntity => ({ ownerNamespace, ...entity });

/** The lowest id that an execution of the last 24 hours can have: ids begin with their time in milliseconds. */
function firstId(): string {
  const time = (Date.now() - lookBackMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
