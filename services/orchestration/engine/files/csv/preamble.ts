import { type Dialect, readGoodRows } from "./dialect.ts";
import type { Field } from "./row-parser.ts";

/** Titles and empty lines that people put before the names. */
const linesMax = 20;

/**
 * Lines before the first row of a table that has as many fields in each row, where the lines before have one field each:
 * 0 where there are none, or where the rest is no table of names and values either.
 */
export function countPreamble(
  dialect: Dialect,
  beginning: Buffer,
  isWhole: boolean,
  looksLikeNames: (row: readonly Field[]) => boolean,
): number {
  const rows = readGoodRows(dialect, beginning, isWhole);
  const first = rows.findIndex((row) => row.length > 1);
  const table = rows.slice(first);
  const [names, ...values] = table;
  if (first < 1 || first > linesMax || !names || values.length === 0) return 0;
  const isTable = table.every((row) => row.length === names.length);
  const hasValues = values.some((row) => !looksLikeNames(row));
  const isOneLineEach = rows
    .slice(0, first)
    .every((row) => !row.some(({ text }) => /[\r\n]/.test(text.toString("latin1"))));
  return isTable && hasValues && isOneLineEach && looksLikeNames(names) ? first : 0;
}
