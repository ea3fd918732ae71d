import type { CopyReading, Reading, RowRange, TypedColumn } from "../protocol.ts";
import { identifier, literal } from "../sql-text.ts";

/**
 * How a COPY's rows are read: RFC 4180, nothing skipped, nothing padded, nothing left out. The line break is said, or it would be
 * the first one that there is, within quotes or not.
 */
const strictCsv = (delimiter: string): string =>
  `delim = ${literal(delimiter)}, new_line = '\\n', quote = '"', escape = '"', comment = '', skip = 0, ` +
  "strict_mode = true, null_padding = false, ignore_errors = false";

/** What one row of a COPY may take as text, in bytes, and what is read of it at once. */
export const copyLineBytesMax = 32 * 1024 * 1024;
const copyBufferBytes = 2 * copyLineBytesMax;

/** What reads a file in SQL: every column with its type, so that no query detects another one. */
export function readerOf(path: string, reading: Reading | CopyReading): string {
  const file = literal(path);
  if (reading.format === "parquet") return selectFrom(`read_parquet(${file})`, reading);
  // Not in parallel: the bytes come through a pipe. `\\N` in quotes is text.
  return (
    `read_csv(${file}, auto_detect = false, parallel = false, ${strictCsv(",")}, header = false, ` +
    "nullstr = '\\N', allow_quoted_nulls = false, " +
    `max_line_size = ${copyLineBytesMax}, buffer_size = ${copyBufferBytes}, columns = ${struct(reading.columns)})`
  );
}

/** Some rows of a Parquet file, which is entered where they are. */
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
