const delimiters = [",", ";", "\t", "|"];
const quote = '"';

/** What the first record of a CSV says of the rest. */
export type CsvHead = { readonly delimiter: string; readonly fieldCount: number };

/**
 * Finds the delimiter in the first record: the one that stands there most often outside of quotes. DuckDB's own
 * detection prefers a dialect in which every row has as many fields as the first, so it reads a ragged file as one wide
 * column, or skips the rows before the first that fits: here a ragged file has to stay one.
 */
export function readCsvHead(beginning: string): CsvHead {
  const counts = countDelimiters(beginning);
  const best = delimiters.reduce((left, right) => (counts(right) > counts(left) ? right : left));
  return { delimiter: best, fieldCount: counts(best) + 1 };
}

function countDelimiters(text: string): (delimiter: string) => number {
  const counts = new Map<string, number>();
  let quoted = false;
  for (const character of text.replace(/^\uFEFF?[\r\n]*/, "")) {
    if (character === quote) quoted = !quoted;
    else if (!quoted && /[\r\n]/.test(character)) break;
    else if (!quoted) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return (delimiter) => counts.get(delimiter) ?? 0;
}
