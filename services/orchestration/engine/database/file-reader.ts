import type { CopyReading, Reading, RowRange, TableReading, TypedColumn } from "../protocol.ts";
import { identifier, literal } from "../sql-text.ts";
import { nameOf } from "./attach-database.ts";

/**
 * RFC 4180 without skipped, padded or ignored rows. The line break is set, because DuckDB would otherwise use the first one it
 * finds, even within quotes.
 */
const strictCsv = (delimiter: string): string =>
  `delim = ${literal(delimiter)}, new_line = '\\n', quote = '"', escape = '"', comment = '', skip = 0, ` +
  "strict_mode = true, null_padding = false, ignore_errors = false";

/** Longest row of a COPY as text, in bytes, and the read buffer. */
export const copyLineBytesMax = 32 * 1024 * 1024;
const copyBufferBytes = 2 * copyLineBytesMax;

/** SQL that reads a file. All types are given, so that no query detects others. */
export function readerOf(path: string, reading: Reading | CopyReading): string {
  const file = literal(path);
  if (reading.format === "parquet") return selectFrom(`read_parquet(${file})`, reading);
  // A pipe can't be read in parallel. `\\N` in quotes is text.
  return (
    `read_csv(${file}, auto_detect = false, parallel = false, ${strictCsv(",")}, header = false, ` +
    "nullstr = '\\N', allow_quoted_nulls = false, " +
    `max_line_size = ${copyLineBytesMax}, buffer_size = ${copyBufferBytes}, columns = ${struct(reading.columns)})`
  );
}

/** SQL that reads a table of the attached database. */
export function tableReaderOf({ rowIds, ...table }: TableReading): string {
  if (!rowIds) return nameOf(table);
  return `${nameOf(table)} WHERE rowid BETWEEN ${rowIds.from} AND ${rowIds.to - 1}`;
}

/** SQL that reads a row range of a Parquet file and skips the row groups outside of it. */
export function sliceOf(path: string, reading: Reading, { from, to }: RowRange): string {
  const rows = `read_parquet(${literal(path)}, file_row_number = true) WHERE file_row_number BETWEEN ${from} AND ${to - 1}`;
  return reading.columns ? selectFrom(rows, reading) : rows;
}

function selectFrom(rows: string, { columns }: Reading): string {
  if (!columns) return rows;
  const list = columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(", ");
  return `(SELECT ${list} FROM ${rows})`;
}

const struct = (columns: readonly TypedColumn[]): string =>
  `{${columns.map(({ name, dataType }) => `${literal(name)}: ${literal(dataType)}`).join(", ")}}`;
