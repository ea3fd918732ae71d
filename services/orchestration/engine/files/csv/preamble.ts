import { readRows } from "./dialect.ts";
import type { Dialect, Field } from "./row-parser.ts";

/** Titles and empty lines that people put before the names. */
const linesMax = 20;

type Preamble = { readonly dialect: Dialect; readonly lines: number };

/** Lines before the table; those may hide which of some delimiters the table has. */
export function findPreamble(
  found: Dialect,
  delimiters: readonly string[],
  beginning: Buffer,
  isWhole: boolean,
  looksLikeNames: (row: readonly Field[]) => boolean,
): Preamble {
  const [first] = readRows(found, beginning, isWhole).rows;
  const others = first?.length === 1 ? delimiters.map((delimiter) => ({ ...found, delimiter })) : [];
  const preambles = [found, ...others].map((dialect) => ({
    dialect,
    lines: countPreamble(dialect, beginning, isWhole, looksLikeNames),
  }));
  return preambles.find(({ lines }) => lines > 0) ?? { dialect: found, lines: 0 };
}

/**
 * Lines before the first row of a table that has as many fields in each row, where the lines before have one field each:
 * 0 where there are none, or where the rest is no table of names and values either.
 */
function countPreamble(
  dialect: Dialect,
  beginning: Buffer,
  isWhole: boolean,
  looksLikeNames: (row: readonly Field[]) => boolean,
): number {
  const { rows, isReadable } = readRows(dialect, beginning, isWhole);
  if (!isReadable) return 0;
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
