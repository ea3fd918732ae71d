import type { CopyReading, Reading, TypedColumn } from "./protocol.ts";
import { literal } from "./sql-text.ts";

/** How every CSV is read: RFC 4180, nothing skipped, nothing padded, nothing left out. */
export const strictCsv = (delimiter: string): string =>
  `delim = ${literal(delimiter)}, quote = '"', escape = '"', comment = '', skip = 0, ` +
  "strict_mode = true, null_padding = false, ignore_errors = false";

/** How every JSON is read. */
export const strictJson = (format: "json" | "ndjson"): string =>
  `format = '${format === "json" ? "auto" : "newline_delimited"}', ignore_errors = false`;

/** What one row of a COPY may take as text, in bytes, and what is read of it at once. */
export const copyLineBytesMax = 32 * 1024 * 1024;
const copyBufferBytes = 2 * copyLineBytesMax;

/** The table function that reads a file: every column with its type, so that no query detects another one. */
export function readerOf(path: string, reading: Reading | CopyReading): string {
  const file = literal(path);
  switch (reading.format) {
    case "csv":
      // The line ending is left to the reader: named explicitly, `\r\n` loses every row without a word.
      return (
        `read_csv(${file}, auto_detect = false, ${strictCsv(reading.delimiter)}, header = ${reading.header}, ` +
        `columns = ${struct(reading.columns)}${dateFormats(reading)})`
      );
    case "json":
    case "ndjson":
      return `read_json(${file}, auto_detect = false, ${strictJson(reading.format)}, columns = ${struct(reading.columns)})`;
    case "copy":
      // Not in parallel: the bytes come through a pipe. `\\N` in quotes is text.
      return (
        `read_csv(${file}, auto_detect = false, parallel = false, ${strictCsv(",")}, header = false, ` +
        "nullstr = '\\N', allow_quoted_nulls = false, " +
        `max_line_size = ${copyLineBytesMax}, buffer_size = ${copyBufferBytes}, columns = ${struct(reading.columns)})`
      );
    case "parquet":
      return `read_parquet(${file})`;
  }
}

const struct = (columns: readonly TypedColumn[]): string =>
  `{${columns.map(({ name, dataType }) => `${literal(name)}: ${literal(dataType)}`).join(", ")}}`;

const dateFormats = ({ dateFormat, timestampFormat }: Reading & { format: "csv" }): string =>
  (dateFormat ? `, dateformat = ${literal(dateFormat)}` : "") +
  (timestampFormat ? `, timestampformat = ${literal(timestampFormat)}` : "");
