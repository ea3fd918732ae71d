import { readRows } from "./find-dialect.ts";
import type { Dialect, Field } from "./row-parser.ts";

/** Limit of title and empty lines before the header. */
const linesMax = 20;

type Preamble = { readonly dialect: Dialect; readonly lines: number };

/** Detects lines before the table, which can hide its delimiter. */
export function findPreamble(
  found: Dialect,
  delimiters: readonly string[],
  prefix: Buffer,
  isWhole: boolean,
  looksLikeNames: (row: readonly Field[]) => boolean,
): Preamble {
  const [first] = readRows(found, prefix, isWhole).rows;
  const others = first?.length === 1 ? delimiters.map((delimiter) => ({ ...found, delimiter })) : [];
  const preambles = [found, ...others].map((dialect) => ({
    dialect,
    lines: countPreamble(dialect, prefix, isWhole, looksLikeNames),
  }));
  return preambles.find(({ lines }) => lines > 0) ?? { dialect: found, lines: 0 };
}

/**
 * Number of single-field lines before a table with a constant number of fields; 0 if there are none or if the rest is not a
 * header with values.
 */
function countPreamble(
  dialect: Dialect,
  prefix: Buffer,
  isWhole: boolean,
  looksLikeNames: (row: readonly Field[]) => boolean,
): number {
  const { rows, isReadable } = readRows(dialect, prefix, isWhole);
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
