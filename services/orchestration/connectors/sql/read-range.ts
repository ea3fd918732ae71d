import { feedPipe } from "../../engine/pipes/feed-pipe.ts";
import type { OperationContext } from "../../source-process/operation.ts";
import { parseRange } from "./cut-into-chunks.ts";
import type { HeldSnapshots } from "./held-snapshots.ts";
import type { ReadableTable, RowSource, SqlSession } from "./row-source.ts";
import { writeRows } from "./write-rows.ts";

export type RangeRequest = {
  /** Name of the snapshot. */
  readonly snapshot: string;
  readonly table: ReadableTable;
  /** Range of a planned chunk. */
  readonly range: string;
  /** Absolute path of the named pipe that the rows are written to. */
  readonly inputPath: string;
};

/** Writes a range of a snapshot to a pipe. Returns the number of sent rows, if the source reports it. */
export const readRange = (
  source: RowSource,
  held: HeldSnapshots,
  {
    login,
    snapshot,
    table,
    range,
    inputPath,
    timeoutMs,
  }: RangeRequest & { login: unknown; timeoutMs: number },
  { signal }: OperationContext,
): Promise<number | undefined> =>
  feedPipe(inputPath, signal, (pipe) => {
    const work = (session: SqlSession) =>
      writeRows(session.readRange(table, parseRange(range), timeoutMs), pipe, signal);
    return source.sharesSnapshots
      ? source.withSession(login, { signal, timeoutMs }, work, { snapshot })
      : held.use(snapshot, signal, work);
  });
