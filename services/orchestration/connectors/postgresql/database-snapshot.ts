import { isDeepStrictEqual } from "node:util";
import type { Engine, Series } from "../../engine/engine.ts";
import { extract, type Feed } from "../../engine/extract.ts";
import type { Extraction } from "../../engine/protocol.ts";
import { tableChanged } from "../../errors.ts";
import { beforeAbort } from "../../executions/before-abort.ts";
import type { ChunkName, Limit, Snapshot, SnapshotRequest, SnapshotTable } from "../connector.ts";
import { piecesWithEngineFailures } from "../engine-failures.ts";
import { discoverTables } from "./discover.ts";
import { toRowsFailure } from "./failures.ts";
import { type Ask, type Session, type SessionDeps, withSession } from "./session.ts";
import type { PostgresqlSettings } from "./settings.ts";
import { planTable, type TablePlan } from "./table-plan.ts";

export type DatabaseSnapshotDeps = SessionDeps & {
  readonly engine: Engine;
  readonly settings: PostgresqlSettings;
};

type Plan = { readonly name: string; readonly time: Date; readonly tables: readonly TablePlan[] };

/**
 * A snapshot that a session of its own exports and keeps as long as it is open. Its tables can't be altered meanwhile:
 * the session holds a lock on each, as pg_dump's does.
 */
export async function openDatabaseSnapshot(
  deps: DatabaseSnapshotDeps,
  request: SnapshotRequest,
  limit: Limit,
): Promise<Snapshot> {
  const failed = new AbortController();
  const lost = new AbortController();
  const planned = Promise.withResolvers<Plan>();
  const released = Promise.withResolvers<void>();
  const series = deps.engine.series();
  // The session outlives the call that opens it, so it has a signal of its own.
  const holding = withSession(
    deps,
    deps.settings,
    { ...limit, signal: failed.signal },
    async (ask, session) => {
      planned.resolve(await planSnapshot(ask, request));
      await beforeAbort(released.promise, session.closed);
    },
  );
  holding.catch(planned.reject).finally(() => lost.abort());
  const close = async () => {
    released.resolve();
    await Promise.allSettled([holding, series[Symbol.asyncDispose]()]);
  };
  try {
    const plan = await beforeAbort(planned.promise, limit.signal);
    return {
      name: plan.name,
      repeatable: false,
      time: plan.time,
      tables: plan.tables.map((table) => table.planned),
      chunks: plan.tables.flatMap((table) => table.chunks),
      lost: lost.signal,
      extract: (chunk, chunkLimit) => extractRows(deps, series, request, plan, chunk, chunkLimit),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    failed.abort(error);
    await close();
    throw error;
  }
}

async function planSnapshot(ask: Ask, { tables, chunkRows }: SnapshotRequest): Promise<Plan> {
  const [row] = await ask(exportSnapshot);
  const schemas = [...new Set(tables.map(({ schemaName }) => schemaName))];
  const found = new Map((await discoverTables(ask, schemas)).map((table) => [keyOf(table), table]));
  for (const table of tables) {
    if (!isDeepStrictEqual(found.get(keyOf(table))?.columns, table.columns))
      throw tableChanged(nameOf(table));
  }
  const plans: TablePlan[] = [];
  for (const [index, table] of tables.entries()) plans.push(await planTable(ask, table, index, chunkRows));
  return { name: String(row?.name), time: new Date(Number(row?.time)), tables: plans };
}

/** Nothing happens in the session while its snapshot is used: the server must not end it for that. */
const exportSnapshot = `select pg_export_snapshot() as name
  , floor(extract(epoch from clock_timestamp()) * 1000)::text as time
  , (select count(set_config(name, '0', true)) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout'))`;

type NamedTable = Pick<SnapshotTable, "schemaName" | "name">;

const keyOf = ({ schemaName, name }: NamedTable): string => JSON.stringify([schemaName, name]);
const nameOf = ({ schemaName, name }: NamedTable): string => `${schemaName}.${name}`;

/** By a session of its own that sees what the snapshot does. */
function extractRows(
  { settings, ...sessions }: DatabaseSnapshotDeps,
  series: Series,
  { tables, format }: SnapshotRequest,
  { name: snapshot, tables: plans }: Plan,
  { tableIndex, range }: ChunkName,
  limit: Limit,
): AsyncGenerator<Uint8Array, Extraction> {
  const table = tables[tableIndex];
  const plan = plans[tableIndex];
  if (!table || !plan) throw new Error(`the snapshot has no table ${tableIndex}`);
  const fileName = nameOf(table);
  const { reading, columns, copyOf } = plan;
  const feed: Feed = (input, signal) => {
    const copy = async (_ask: Ask, { copyOut }: Session) => copyOut(copyOf(range), await input);
    return withSession(
      sessions,
      settings,
      { ...limit, signal },
      (...session) => asRows(fileName, copy(...session)),
      { snapshot },
    );
  };
  return piecesWithEngineFailures(
    `the table ${fileName}`,
    extract(series, { feed }, { fileName, reading, rows: undefined, rowBytes: 0, columns, format }, limit),
  );
}

async function asRows(table: string, copying: Promise<void>): Promise<void> {
  try {
    await copying;
  } catch (error) {
    throw toRowsFailure(error, table);
  }
}
