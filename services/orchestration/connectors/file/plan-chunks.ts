import type { ParquetFooter } from "../../engine/parquet/footer.ts";
import type { Preparation } from "../../engine/preparation.ts";
import type { ExtractFormat, GroupCut, RowRange, TypedColumn } from "../../engine/protocol.ts";
import { executionTooLarge } from "../../errors.ts";

/** A part of a file: rows that an engine writes, or row groups that are copied byte for byte. */
export type FileChunk = { readonly rows: RowRange; readonly groups: RowRange | undefined };

/** `isWhole`: all columns, in the order of the file. */
export type WantedTable = { readonly isWhole: boolean; readonly format: ExtractFormat };

/** Cuts a file into chunks of at most `chunkRows` rows. Row groups that can be copied are not cut. */
export function planChunks(
  preparation: Preparation,
  footer: ParquetFooter | undefined,
  chunkRows: number,
  { isWhole, format }: WantedTable,
): FileChunk[] {
  if (footer && isWhole && format === "parquet" && fits(footer, chunkRows))
    return planGroups(footer, chunkRows);
  return planRows(preparation, chunkRows);
}

/** Whether no row group exceeds a chunk. */
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

/** Maximum of chunks in a plan: each takes memory and a message. */
const chunksMax = 50_000;

const tooManyChunks = (count: number) =>
  executionTooLarge(
    `the file would be cut into ${count} chunks, and a plan has ${chunksMax} at most: take more rows for each`,
  );

function planRows({ rowCount, columns }: Preparation, chunkRows: number): FileChunk[] {
  // DuckDB numbers rows in a column of this name, which the file has itself.
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

/** Name of a chunk's range. */
export const rangeOf = ({ rows }: FileChunk): string => `rows ${rows.from}-${rows.to}`;

/** Whether all columns of the file are wanted, in their order and without conversion. */
export const isWholeTable = (
  { columns, written }: Preparation,
  wanted: readonly (TypedColumn & { readonly sourceName: string })[],
): boolean =>
  written &&
  wanted.length === columns.length &&
  wanted.every(({ name, sourceName }, index) => name === columns[index]?.name && name === sourceName);
