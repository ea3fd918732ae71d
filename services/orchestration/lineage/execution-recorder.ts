import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { databaseFailure } from "../../lib/database/database-failure.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { listTablesByName } from "../table-repository.ts";
import type { Lineage } from "./lineage.ts";
import { insertEntities, insertLineage } from "./lineage-repository.ts";
import type { Dialect } from "./sql/statement-facts.ts";
import type { StatementReader } from "./sql/statement-reader.ts";
import { executionLineage, resolveTables } from "./statement-lineage.ts";
import { listUnrecordedExecutions, type UnrecordedExecution } from "./unrecorded-repository.ts";

/** An execution that has succeeded. */
type SucceededExecution = UnrecordedExecution & {
  /** Names of the result's columns, as long as they are known. */
  readonly resultColumns?: readonly string[];
};

/** Records the lineage of executions, of many in one transaction. */
export type ExecutionRecorder = AsyncDisposable & {
  /** Returns at once. What could not be recorded is tried again later; nothing is ever thrown. */
  record(execution: SucceededExecution): void;
};

/** Executions that wait in memory; more are found in the database when these are done. */
const waitingMax = 1000;
const batchRows = 100;
/** How long executions are gathered, in milliseconds: a transaction for each would cost more than a small query. */
const gatherMs = 500;
/** How far back an execution is looked for that was not recorded. */
const lookBackMs = 24 * 60 * 60 * 1000;

const dialects: Readonly<Record<string, Dialect>> = { file: "duckdb", postgresql: "postgresql" };

type RecorderDeps = { readonly db: Db; readonly log: Logger; readonly reader: StatementReader };

/** Starts with what an earlier process did not get to. Disposing ends the reader, too. */
export function createExecutionRecorder(deps: RecorderDeps): ExecutionRecorder {
  const { db, log, reader } = deps;
  const waiting: SucceededExecution[] = [];
  /** From where on the database has to be searched; undefined when it is not behind. */
  let behind: string | undefined = firstId();
  let working: Promise<void> | undefined;
  const stopped = new AbortController();

  /** The next executions; none when everything is recorded. */
  async function next(): Promise<SucceededExecution[]> {
    if (waiting.length > 0 || behind === undefined) return waiting.splice(0, batchRows);
    const found = await listUnrecordedExecutions(db, behind, batchRows);
    behind = found.length === batchRows ? found.at(-1)?.executionId : undefined;
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
  }

  /** One of which something is wrong does not keep the others out. */
  async function recordGroup(orgId: string, group: readonly SucceededExecution[]): Promise<void> {
    try {
      await recordTogether(deps, orgId, group);
    } catch (err) {
      if (stopped.signal.aborted || isPassing(err)) throw err;
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
      behind = firstId();
      log.warn({ err }, "the lineage of executions will be recorded later");
      return;
    } finally {
      working = undefined;
    }
    // One may have come after the last look.
    if (waiting.length > 0) start(gatherMs);
  }

  function start(delayMs: number): void {
    if (!stopped.signal.aborted) working ??= outsideCalls(() => work(delayMs));
  }

  start(0);
  return {
    record(execution) {
      if (waiting.length < waitingMax) waiting.push(execution);
      else behind = firstId();
      start(gatherMs);
    },
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await reader[Symbol.asyncDispose]();
      await working;
    },
  };
}

/** Whether the database is away or something else was in the way: what will go through another time. */
function isPassing(error: unknown): boolean {
  const code = databaseFailure(error)?.code;
  return code === Code.Unavailable || code === Code.Aborted;
}

async function recordTogether(
  { db, reader }: RecorderDeps,
  orgId: string,
  executions: readonly SucceededExecution[],
): Promise<void> {
  const [first] = executions;
  if (!first) return;
  const scope: Scope = { orgId, principal: { orgId, userId: first.creatorUserId, roles: [] } };
  const listTables = createTableList(db, scope);
  const lineages: Lineage[] = [];
  for (const execution of executions) lineages.push(await lineageOf(listTables, reader, execution));
  await db.transaction(async (tx) => {
    // Who puts the execution into the graph records it, once.
    const jobs = lineages.flatMap(({ entities: [job] }) => (job ? [job] : []));
    const added = await insertEntities(tx, scope, jobs);
    const isAdded = ({ entities: [job] }: Lineage) => job !== undefined && added.has(job.entityId);
    await insertLineage(tx, scope, lineages.filter(isAdded));
  });
}

type TableList = (sourceId: string, names: readonly string[]) => ReturnType<typeof listTablesByName>;

/** Many executions name the same tables. */
function createTableList(db: Db, scope: Scope): TableList {
  const known = new Map<string, ReturnType<typeof listTablesByName>>();
  return (sourceId, names) => {
    const key = JSON.stringify([sourceId, names]);
    const listed = known.get(key) ?? listTablesByName(db, scope, sourceId, names);
    known.set(key, listed);
    return listed;
  };
}

async function lineageOf(
  listTables: TableList,
  reader: StatementReader,
  { executionId, sourceId, connector, sql, resultColumns }: SucceededExecution,
): Promise<Lineage> {
  const dialect = connector === null ? undefined : dialects[connector];
  const nothing = executionLineage(executionId, undefined, new Map(), undefined);
  if (!dialect) return nothing;
  const named = await reader.read({ sql, dialect, knownTables: [] });
  if (!named || named.tables.length === 0) return nothing;
  const names = named.tables.map(({ name }) => name);
  const catalog = await listTables(sourceId, names);
  const tables = resolveTables(named.tables, { sql, dialect }, catalog);
  const knownTables = named.tables.flatMap((reference) => {
    const table = tables.get(reference.key);
    return table ? [{ ...reference, columns: table.columns.map(({ name }) => name) }] : [];
  });
  const facts = await reader.read({ sql, dialect, knownTables });
  return executionLineage(executionId, facts, tables, resultColumns);
}

/** The lowest id that an execution of the last 24 hours can have: they begin with their time in milliseconds. */
function firstId(): string {
  const time = (Date.now() - lookBackMs).toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`;
}
