import type { PlannedChunk } from "../connector.ts";
import type { TableExtent, TablePlan } from "./plan-table.ts";
import type { RowRange } from "./row-source.ts";

/** Name of the range that is the whole table. */
const wholeTable = "all";

const chunksOfTableMax = 10_000;
/** Approximate maximum of all tables together: a plan is sent in one message. */
const chunksOfPlanMax = 50_000;

/** Cuts tables into chunks of about `chunkRows` rows, or of more if there would be too many chunks. */
export function cutIntoChunks(tables: readonly TableExtent[], chunkRows: number): TablePlan[] {
  const wanted = tables.map(({ rowCount }) =>
    Math.min(chunksOfTableMax, Math.max(1, Math.ceil(rowCount / chunkRows))),
  );
  const share = Math.min(1, chunksOfPlanMax / wanted.reduce((sum, count) => sum + count, 0));
  return tables.map((table, index) => ({
    ...table.plan,
    chunks: chunksOf(table, index, Math.max(1, Math.floor((wanted[index] ?? 1) * share))),
  }));
}

function chunksOf({ rowCount, interval }: TableExtent, tableIndex: number, wanted: number): PlannedChunk[] {
  const length = interval && interval.to - interval.from;
  // Bounds beyond it would be rounded, and two ranges could have a row in common.
  const isExact = Number.isSafeInteger(length);
  if (!interval || !length || !isExact || wanted === 1) {
    return [{ tableIndex, range: wholeTable, rowCountExpected: length === 0 ? 0 : rowCount }];
  }
  const step = Math.ceil(length / wanted);
  const count = Math.ceil(length / step);
  return Array.from({ length: count }, (_, index) => {
    const from = interval.from + index * step;
    const to = Math.min(from + step, interval.to);
    // The last range has no end, because the snapshot does not contain rows that are added later.
    const end = index === count - 1 ? "" : to;
    return {
      tableIndex,
      range: `${interval.unit} ${from}-${end}`,
      rowCountExpected: Math.round((rowCount * (to - from)) / length),
    };
  });
}

/** The range that a chunk names; undefined for the whole table. */
export function parseRange(range: string): RowRange | undefined {
  if (range === wholeTable) return undefined;
  const [, from, to] = /^\w+ (-?\d{1,16})-(-?\d{1,16})?$/.exec(range) ?? [];
  if (from === undefined) throw new Error(`${range} is not the range of a chunk`);
  return { from: Number(from), to: to === undefined ? undefined : Number(to) };
}
