import type { DescribedTable } from "../../engine/described-table.ts";
import type { TableReading } from "../../engine/protocol.ts";
import { executionTooLarge } from "../../errors.ts";
import type { PlannedChunk } from "../connector.ts";

/** A part of a table, or all of one whose rows have no ids. */
type TableChunk = PlannedChunk & Pick<TableReading, "rowIds">;

/** Maximum of chunks in a plan: each takes memory and a message. */
const chunksMax = 50_000;

/** Cuts tables into ranges of row ids, of at most `chunkRows` rows each. */
export function planChunks(tables: readonly DescribedTable[], chunkRows: number): TableChunk[] {
  const count = tables.reduce((sum, table) => sum + countOf(table, chunkRows), 0);
  if (count > chunksMax) {
    throw executionTooLarge(
      `the tables would be cut into ${count} chunks, and a plan has ${chunksMax} at most: take more rows for each`,
    );
  }
  return tables.flatMap((table, tableIndex) => chunksOf(table, tableIndex, chunkRows));
}

const countOf = ({ rowIdEnd = 0 }: DescribedTable, chunkRows: number): number =>
  Math.max(1, Math.ceil(rowIdEnd / chunkRows));

function chunksOf(table: DescribedTable, tableIndex: number, chunkRows: number): TableChunk[] {
  const { rowIdEnd, rowCount = 0 } = table;
  if (rowIdEnd === undefined || rowIdEnd === 0) {
    return [{ tableIndex, range: "all", rowIds: undefined, rowCountExpected: rowCount }];
  }
  return Array.from({ length: countOf(table, chunkRows) }, (_, index) => {
    const from = index * chunkRows;
    const to = Math.min(from + chunkRows, rowIdEnd);
    // Deleted rows leave gaps.
    const rowCountExpected = Math.round((rowCount * (to - from)) / rowIdEnd);
    return { tableIndex, range: `rowid ${from}-${to}`, rowIds: { from, to }, rowCountExpected };
  });
}
