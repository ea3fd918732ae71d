import { isDeepStrictEqual } from "node:util";
import { aborted } from "../../../lib/process/lifetime.ts";
import { tableChanged } from "../../errors.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { SnapshotRequest, SnapshotTable } from "../connector.ts";
import { checkAnswer, snapshotAnswer } from "./answers.ts";
import { discoverTables } from "./discover.ts";
import { type Ask, withSession } from "./session.ts";
import { cutIntoChunks } from "./table-chunks.ts";
import { planTable, type TableExtent, type TablePlan } from "./table-plan.ts";
import type { Target } from "./target.ts";

export type SnapshotPlan = {
  readonly name: string;
  readonly time: Date;
  readonly tables: readonly TablePlan[];
};

export type HoldRequest = {
  readonly target: Target;
  readonly request: SnapshotRequest;
  readonly timeoutMs: number;
};

/** Exports a snapshot and sends its plan, then keeps the snapshot until the signal aborts. Ends early when it is lost. */
export async function holdSnapshot(
  { target, request, timeoutMs }: HoldRequest,
  { signal, send }: OperationContext<SnapshotPlan>,
): Promise<void> {
  const planning = new AbortController();
  let isPlanned = false;
  // What is being planned is cancelled; a snapshot that is kept is let go.
  signal.addEventListener("abort", () => !isPlanned && planning.abort(signal.reason), { once: true });
  await withSession(target, { signal: planning.signal, timeoutMs }, async (ask, session) => {
    send(await planSnapshot(ask, request));
    isPlanned = true;
    await beforeAbort(aborted(signal), session.closed);
  });
}

async function planSnapshot(ask: Ask, { tables, chunkRows, format }: SnapshotRequest): Promise<SnapshotPlan> {
  const [row] = await ask(exportSnapshot);
  const { name, time } = checkAnswer(snapshotAnswer, row, "snapshot");
  const schemas = [...new Set(tables.map(({ schemaName }) => schemaName))];
  const found = new Map((await discoverTables(ask, schemas)).map((table) => [keyOf(table), table]));
  for (const table of tables) {
    if (!isDeepStrictEqual(found.get(keyOf(table))?.columns, table.columns)) {
      throw tableChanged(`${table.schemaName}.${table.name}`);
    }
  }
  const plans: TableExtent[] = [];
  for (const table of tables) plans.push(await planTable(ask, table, format));
  return { name, time, tables: cutIntoChunks(plans, chunkRows) };
}

/** Nothing happens in the session while its snapshot is used: the server must not end it for that. */
const exportSnapshot = `select pg_export_snapshot() as name
  , floor(extract(epoch from clock_timestamp()) * 1000)::text as time
  , (select count(set_config(name, '0', true)) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout'))`;

const keyOf = ({ schemaName, name }: Pick<SnapshotTable, "schemaName" | "name">): string =>
  JSON.stringify([schemaName, name]);
