import type { ReadingSettings } from "../../reading-settings.ts";
import { BadRowError } from "./bad-row.ts";
import { createRowParser, type Dialect, type Field } from "./row-parser.ts";

type DialectSettings = Pick<ReadingSettings, "delimiter" | "quote" | "escape" | "comment">;

export const delimiters = [",", ";", "\t", "|"];
const rowsMax = 1000;

/**
 * Finds out how a CSV is written, from its beginning. Of the delimiters that give all rows as many fields the one that
 * gives most; where none does, the one that stands most often in the first row, so that a ragged file is told as one.
 */
export function findDialect(beginning: Buffer, isWhole: boolean, settings: DialectSettings): Dialect {
  const candidates = commentsOf(settings, beginning).flatMap((comment) =>
    quotings(settings).flatMap((quoting) =>
      (settings.delimiter === undefined ? delimiters : [settings.delimiter]).map((delimiter) => {
        const dialect = { delimiter, comment, ...quoting };
        return { dialect, ...rate(dialect, beginning, isWhole) };
      }),
    ),
  );
  // An apostrophe that quotes nothing is no quoting at all, and makes text of a usual quote that is left open.
  const quoting = candidates.filter(
    ({ dialect, quotedCount }) => dialect.quote !== "'" || settings.quote === "'" || quotedCount > 0,
  );
  const best = quoting.reduce((left, right) => (isBetter(right, left) ? right : left));
  return settings.delimiter === undefined ? doubled(best.dialect, beginning, isWhole) : best.dialect;
}

/** Lines are comments only where the first one is, and where the rest is no table with it. */
function commentsOf({ comment }: DialectSettings, beginning: Buffer): string[] {
  if (comment !== undefined) return [comment];
  return beginning.toString("latin1", 0, 1) === "#" ? ["", "#"] : [""];
}

/** Ways to quote, the usual one first: another one has to be better. */
function quotings(settings: DialectSettings): { quote: string; escape: string }[] {
  const { quote } = settings;
  const quotes = quote === undefined ? ['"', "'"] : [quote];
  return quotes.flatMap((one) => {
    if (settings.escape !== undefined) return [{ quote: one, escape: settings.escape }];
    return one === ""
      ? [{ quote: "", escape: "" }]
      : [one, "\\"].map((sign) => ({ quote: one, escape: sign }));
  });
}

type Rating = {
  /** Whether the rows can be read at all, and all have as many fields. */
  readonly isReadable: boolean;
  readonly isEven: boolean;
  readonly fieldCount: number;
  readonly quotedCount: number;
  /** Whether the values of some columns are all in quotes, and those of the others never. */
  readonly isQuotedByColumn: boolean;
};

function rate(dialect: Dialect, beginning: Buffer, isWhole: boolean): Rating {
  const found = readRows(dialect, beginning, isWhole);
  const { isReadable } = found;
  const rows = found.rows.filter((row) => !isBlank(row));
  const fieldCount = rows[0]?.length ?? (isReadable ? 1 : 0);
  const isEven = isReadable && rows.every((row) => row.length === fieldCount);
  const quotedCount = rows.flat().filter(({ isQuoted }) => isQuoted).length;
  return { isReadable, isEven, fieldCount, quotedCount, isQuotedByColumn: isQuotedByColumn(rows) };
}

/** The first row may have names, which are quoted in another way. */
function isQuotedByColumn([, ...rows]: readonly (readonly Field[])[]): boolean {
  const isQuoted = new Map<number, boolean>();
  return rows.every((row) =>
    row.every((field, column) => {
      if (isNothing(field)) return true;
      const known = isQuoted.get(column) ?? field.isQuoted;
      isQuoted.set(column, known);
      return known === field.isQuoted;
    }),
  );
}

type Candidate = Rating & { readonly dialect: Dialect };

function isBetter(left: Candidate, right: Candidate): boolean {
  const [leftFits, rightFits] = [left, right].map(({ isEven, fieldCount }) => isEven && fieldCount > 1);
  if (leftFits !== rightFits) return leftFits === true;
  // A file whose rows can't all be read is told as one: with another delimiter its rows would be one field each.
  if (left.fieldCount !== right.fieldCount) return left.fieldCount > right.fieldCount;
  if (left.isReadable !== right.isReadable) return left.isReadable;
  // An apostrophe is a quote only where all values of a column stand in it and the usual quote is nowhere.
  return (
    left.dialect.quote === "'" &&
    right.dialect.quote === '"' &&
    left.quotedCount > 1 &&
    left.isQuotedByColumn &&
    right.quotedCount === 0
  );
}

/** Where every second field is empty in all rows, the delimiter is written twice. */
function doubled(dialect: Dialect, beginning: Buffer, isWhole: boolean): Dialect {
  const twice = { ...dialect, delimiter: dialect.delimiter.repeat(2) };
  const rows = rate(dialect, beginning, isWhole).isEven ? readRows(dialect, beginning, isWhole).rows : [];
  const isDoubled =
    rows.length > 1 &&
    (rows[0]?.length ?? 0) > 2 &&
    rows.every(
      (row) => row.length % 2 === 1 && row.every((field, index) => index % 2 === 0 || isNothing(field)),
    );
  return isDoubled ? twice : dialect;
}

const isNothing = ({ text, isQuoted }: Field): boolean => text.length === 0 && !isQuoted;
const isBlank = (row: readonly Field[]): boolean => row.length === 1 && row.every(isNothing);

type Rows = { readonly rows: readonly (readonly Field[])[]; readonly isReadable: boolean };

/** The whole rows of some beginning of a file, comments left out, up to one that can't be read. */
export function readRows(dialect: Dialect, beginning: Buffer, isWhole: boolean): Rows {
  const rows: Field[][] = [];
  try {
    for (const row of rowsOf(dialect, beginning, isWhole)) rows.push(row);
    return { rows, isReadable: true };
  } catch (error) {
    if (!(error instanceof BadRowError)) throw error;
    return { rows, isReadable: false };
  }
}

function* rowsOf(dialect: Dialect, beginning: Buffer, isWhole: boolean): Generator<Field[]> {
  const parser = createRowParser(dialect);
  let at = 0;
  for (let count = 0; at < beginning.length && count < rowsMax; count += 1) {
    const next = parser.read(beginning, at, beginning.length, isWhole);
    if (next < 0) return;
    at = next;
    if (parser.fields) yield parser.fields;
  }
}
