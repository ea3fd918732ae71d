import type { PlannedChunk } from "../connector.ts";
import { type TableExtent, type TablePlan, wholeTable } from "../postgresql/describe-rows.ts";

/** Pieces of one table, at the most. */
const chunksOfTableMax = 10_000;
/** Pieces of all tables of a plan, about, at the most: its answer is one message. */
const chunksOfPlanMax = 50_000;

/** Cuts tables into chunks of about so many rows each, or of more where the chunks would be too many. */
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

function chunksOf({ rowCount, pages }: TableExtent, tableIndex: number, wanted: number): PlannedChunk[] {
  if (pages === undefined || pages === 0 || wanted === 1) {
    return [{ tableIndex, range: wholeTable, rowCountExpected: pages === 0 ? 0 : rowCount }];
  }
  const pagesOfChunk = Math.ceil(pages / wanted);
  const count = Math.ceil(pages / pagesOfChunk);
  return Array.from({ length: count }, (_, index) => {
    const from = index * pagesOfChunk;
    const to = Math.min(from + pagesOfChunk, pages);
    // The last one has no end: a table that grows meanwhile has nothing behind it that the snapshot sees.
    return {
      tableIndex,
      range: index === count - 1 ? `pages ${from}-` : `pages ${from}-${to}`,
      rowCountExpected: Math.round((rowCount * (to - from)) / pages),
    };
  });
}
