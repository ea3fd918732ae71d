import type { ParquetFooter } from "../../engine/parquet/footer.ts";
import type { Preparation } from "../../engine/preparation.ts";
import type { ExtractFormat, GroupCut, RowRange, TypedColumn } from "../../engine/protocol.ts";
import { executionTooLarge } from "../../errors.ts";

/** A piece of a file: rows that an engine writes, or row groups that are handed out as they are. */
export type FileChunk = { readonly rows: RowRange; readonly groups: RowRange | undefined };

/** How a table is wanted: the columns in the file's own order, or not. */
export type WantedTable = { readonly isWhole: boolean; readonly format: ExtractFormat };

/** Cuts a file into chunks of at most `chunkRows` rows. Row groups stay whole where these can be handed out. */
export function planChunks(
  preparation: Preparation,
  foot: ParquetFooter | undefined,
  chunkRows: number,
  { isWhole, format }: WantedTable,
): FileChunk[] {
  if (foot && isWhole && format === "parquet" && fits(foot, chunkRows)) return planGroups(foot, chunkRows);
  return planRows(preparation, chunkRows);
}

/** Row groups that are larger than a chunk are not cut. */
const fits = ({ groups }: ParquetFooter, chunkRows: number): boolean =>
  groups.every(({ rowCount }) => rowCount <= chunkRows);

function planGroups({ groups }: ParquetFooter, chunkRows: number): FileChunk[] {
  const chunks: FileChunk[] = [];
  let open = { group: 0, row: 0 };
  let row = 0;
  const close = (group: number) => {
    chunks.push({ rows: { from: open.row, to: row }, groups: { from: open.group, to: group } });
    open = { group, row };
  };
  for (const [index, { rowCount }] of groups.entries()) {
    if (row > open.row && row - open.row + rowCount > chunkRows) close(index);
    row += rowCount;
  }
  // A table without rows has one chunk.
  close(groups.length);
  return chunks;
}

/** Chunks of one plan: each takes memory, and a message of its own. */
const chunksMax = 50_000;

const tooManyChunks = (count: number) =>
  executionTooLarge(
    `the file would be cut into ${count} chunks, and a plan has ${chunksMax} at most: take more rows for each`,
  );

function planRows({ rowCount, columns }: Preparation, chunkRows: number): FileChunk[] {
  // By this name DuckDB says which row is which.
  const isNumbered = !columns.some(({ name }) => name.toLowerCase() === "file_row_number");
  const size = isNumbered ? chunkRows : Math.max(1, rowCount);
  const count = Math.max(1, Math.ceil(rowCount / size));
  if (count > chunksMax) throw tooManyChunks(count);
  return Array.from({ length: count }, (_, index) => ({
    rows: { from: index * size, to: Math.min((index + 1) * size, rowCount) },
    groups: undefined,
  }));
}

export const isCut = (chunk: FileChunk): chunk is GroupCut => chunk.groups !== undefined;

/** The name of a chunk's rows in a plan. */
export const rangeOf = ({ rows }: FileChunk): string => `rows ${rows.from}-${rows.to}`;

/** Whether a table is wanted as the file has it: the same columns, in their order, each as it is. */
export const isWholeTable = (
  { columns, written }: Preparation,
  wanted: readonly (TypedColumn & { readonly sourceName: string })[],
): boolean =>
  written &&
  wanted.length === columns.length &&
  wanted.every(({ name, sourceName }, index) => name === columns[index]?.name && name === sourceName);
