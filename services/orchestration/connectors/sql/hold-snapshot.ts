import { isDeepStrictEqual } from "node:util";
import { aborted } from "../../../lib/process/lifetime.ts";
import { tableChanged } from "../../errors.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import { beforeAbort } from "../../timing/before-abort.ts";
import type { SnapshotRequest, SnapshotTable } from "../connector.ts";
import { cutIntoChunks } from "./cut-into-chunks.ts";
import type { HeldSnapshots } from "./held-snapshots.ts";
import { listTables } from "./list-tables.ts";
import { planTable, type TableExtent, type TablePlan } from "./plan-table.ts";
import type { RowSource, SqlSession } from "./row-source.ts";

export type SnapshotPlan = {
  readonly name: string;
  readonly time: Date;
  readonly tables: readonly TablePlan[];
};

type HoldRequest = {
  readonly login: unknown;
  readonly request: SnapshotRequest;
  readonly timeoutMs: number;
};

/** Takes a snapshot and sends its plan, then holds the snapshot until the signal aborts. Ends early if it is lost. */
export async function holdSnapshot(
  source: RowSource,
  held: HeldSnapshots,
  { login, request, timeoutMs }: HoldRequest,
  { signal, send }: OperationContext<SnapshotPlan>,
): Promise<void> {
  const planning = new AbortController();
  let isPlanned = false;
  // An abort cancels the planning. A snapshot that is held just ends.
  signal.addEventListener("abort", () => !isPlanned && planning.abort(signal.reason), { once: true });
  await source.withSession(login, { signal: planning.signal, timeoutMs }, async (session) => {
    const plan = await planSnapshot(session, request);
    using _held = source.sharesSnapshots ? undefined : held.add(plan.name, session);
    send(plan);
    isPlanned = true;
    await beforeAbort(aborted(signal), session.closed);
  });
}

async function planSnapshot(
  session: SqlSession,
  { tables, chunkRows, format }: SnapshotRequest,
): Promise<SnapshotPlan> {
  const { name, time } = await session.takeSnapshot();
  const schemas = [...new Set(tables.map(({ schemaName }) => schemaName))];
  const found = new Map((await listTables(session, { schemas })).map((table) => [keyOf(table), table]));
  for (const table of tables) {
    if (!isDeepStrictEqual(found.get(keyOf(table))?.columns, table.columns)) {
      throw tableChanged(`${table.schemaName}.${table.name}`);
    }
  }
  const extents: TableExtent[] = [];
  for (const table of tables) extents.push(planTable(table, await session.describeRows(table, format)));
  return { name, time, tables: cutIntoChunks(extents, chunkRows) };
}

const keyOf = ({ schemaName, name }: Pick<SnapshotTable, "schemaName" | "name">): string =>
  JSON.stringify([schemaName, name]);
