import type { ReadingSettings } from "../../reading-settings.ts";
import { BadRowError } from "./bad-row-error.ts";
import { createRowParser, type Dialect, type Field } from "./row-parser.ts";

type DialectSettings = Pick<ReadingSettings, "delimiter" | "quote" | "escape" | "comment">;

export const delimiters = [",", ";", "\t", "|"];
const rowsMax = 1000;

/**
 * Detects the dialect from the first rows. The best delimiter gives all rows the same number of fields, and the most. If none
 * does, it is the most frequent in the first row, so that a ragged file is reported as such.
 */
export function findDialect(prefix: Buffer, isWhole: boolean, settings: DialectSettings): Dialect {
  const candidates = commentsOf(settings, prefix).flatMap((comment) =>
    quotings(settings).flatMap((quoting) =>
      (settings.delimiter === undefined ? delimiters : [settings.delimiter]).map((delimiter) => {
        const dialect = { delimiter, comment, ...quoting };
        return { dialect, ...rateDialect(dialect, prefix, isWhole) };
      }),
    ),
  );
  // An apostrophe that encloses no field is not a quote, and would accept an unclosed usual quote as text.
  const quoting = candidates.filter(
    ({ dialect, quotedCount }) => dialect.quote !== "'" || settings.quote === "'" || quotedCount > 0,
  );
  const best = quoting.reduce((left, right) => (isBetter(right, left) ? right : left));
  return settings.delimiter === undefined ? doubled(best.dialect, prefix, isWhole) : best.dialect;
}

/** Comments are only detected if the first line is one and the rest is not a table with it. */
function commentsOf({ comment }: DialectSettings, prefix: Buffer): string[] {
  if (comment !== undefined) return [comment];
  return prefix.toString("latin1", 0, 1) === "#" ? ["", "#"] : [""];
}

/** Candidate quotings, the usual one first; another must be better. */
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
  /** Whether all rows are readable, and have the same number of fields. */
  readonly isReadable: boolean;
  readonly isEven: boolean;
  readonly fieldCount: number;
  readonly quotedCount: number;
  /** Whether each column is either always or never quoted. */
  readonly isQuotedByColumn: boolean;
};

function rateDialect(dialect: Dialect, prefix: Buffer, isWhole: boolean): Rating {
  const found = readRows(dialect, prefix, isWhole);
  const { isReadable } = found;
  const rows = found.rows.filter((row) => !isBlank(row));
  const fieldCount = rows[0]?.length ?? (isReadable ? 1 : 0);
  const isEven = isReadable && rows.every((row) => row.length === fieldCount);
  const quotedCount = rows.flat().filter(({ isQuoted }) => isQuoted).length;
  return { isReadable, isEven, fieldCount, quotedCount, isQuotedByColumn: isQuotedByColumn(rows) };
}

/** The first row may be a header with other quoting. */
function isQuotedByColumn([, ...rows]: readonly (readonly Field[])[]): boolean {
  const isQuoted = new Map<number, boolean>();
  return rows.every((row) =>
    row.every((field, column) => {
      if (isEmpty(field)) return true;
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
  // An unreadable file is reported as such: with another delimiter its rows would be single fields.
  if (left.fieldCount !== right.fieldCount) return left.fieldCount > right.fieldCount;
  if (left.isReadable !== right.isReadable) return left.isReadable;
  // An apostrophe is a quote only if it encloses columns completely and no usual quote occurs.
  return (
    left.dialect.quote === "'" &&
    right.dialect.quote === '"' &&
    left.quotedCount > 1 &&
    left.isQuotedByColumn &&
    right.quotedCount === 0
  );
}

/** If every second field is empty in all rows, the delimiter is doubled. */
function doubled(dialect: Dialect, prefix: Buffer, isWhole: boolean): Dialect {
  const twice = { ...dialect, delimiter: dialect.delimiter.repeat(2) };
  const rows = rateDialect(dialect, prefix, isWhole).isEven ? readRows(dialect, prefix, isWhole).rows : [];
  const isDoubled =
    rows.length > 1 &&
    (rows[0]?.length ?? 0) > 2 &&
    rows.every(
      (row) => row.length % 2 === 1 && row.every((field, index) => index % 2 === 0 || isEmpty(field)),
    );
  return isDoubled ? twice : dialect;
}

const isEmpty = ({ text, isQuoted }: Field): boolean => text.length === 0 && !isQuoted;
const isBlank = (row: readonly Field[]): boolean => row.length === 1 && row.every(isEmpty);

type Rows = { readonly rows: readonly (readonly Field[])[]; readonly isReadable: boolean };

/** Parses the complete rows of a prefix without comments, up to an unreadable one. */
export function readRows(dialect: Dialect, prefix: Buffer, isWhole: boolean): Rows {
  const rows: Field[][] = [];
  try {
    for (const row of rowsOf(dialect, prefix, isWhole)) rows.push(row);
    return { rows, isReadable: true };
  } catch (error) {
    if (!(error instanceof BadRowError)) throw error;
    return { rows, isReadable: false };
  }
}

function* rowsOf(dialect: Dialect, prefix: Buffer, isWhole: boolean): Generator<Field[]> {
  const parser = createRowParser(dialect);
  let at = 0;
  for (let count = 0; at < prefix.length && count < rowsMax; count += 1) {
    const next = parser.read(prefix, at, prefix.length, isWhole);
    if (next < 0) return;
    at = next;
    if (parser.fields) yield parser.fields;
  }
}
