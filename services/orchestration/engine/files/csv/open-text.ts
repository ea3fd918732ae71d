import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { normalName } from "../../work-file-names.ts";
import type { PlainInput } from "../readable.ts";
import { type NumberMarks, readerOfForms } from "./forms.ts";
import type { CsvHead } from "./head.ts";
import { type LineOffset, rewriteCsv } from "./rewrite.ts";
import { scanFile } from "./scan-file.ts";
import type { PlainDialect } from "./scan-options.ts";
import type { Tally } from "./tally.ts";

/** A CSV that the scan and DuckDB read in the same way. */
export type Text = {
  /** Path relative to the task's folder. */
  readonly path: string;
  readonly delimiter: string;
  /** Whether its first row has the names. */
  readonly header: boolean;
  /** What is behind the names. */
  readonly lineBreak: CsvHead["lineBreak"];
  readonly tally: Tally;
  /** Line of the file as it came, from 1, of a line of the scan, from 0. */
  readonly lineOf: (line: number) => number;
  /** Counts again with other marks. */
  readonly scanWith: (marks: NumberMarks) => Promise<Tally>;
};

/** Scans all rows; what DuckDB would read in another way is rewritten. Fails with EngineFailure for a row that is none. */
export async function openText(
  input: PlainInput,
  head: CsvHead,
  settings: ReadingSettings,
  marks: NumberMarks,
): Promise<Text> {
  if (!isPlain(head, settings)) return openRewritten(input, head, settings, marks);
  const { delimiter, quote } = head.dialect;
  const text = await scanText(
    {
      path: input.path,
      delimiter,
      header: head.header,
      lineBreak: head.lineBreak,
      from: head.from,
      dialect: { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) },
      columnCount: head.names.length,
      lineOf: (line) => head.firstLine + line,
    },
    marks,
  );
  return isOdd(text.tally, head.lineBreak) ? openRewritten(input, head, settings, marks) : text;
}

async function openRewritten(
  { path }: PlainInput,
  head: CsvHead,
  settings: ReadingSettings,
  marks: NumberMarks,
): Promise<Text> {
  const { lineOffsets, badRow } = await rewriteCsv({
    path,
    outputPath: normalName,
    dialect: head.dialect,
    from: head.from,
    columnCount: head.names.length,
    nullTexts: settings.nullTexts ?? [""],
    quotedNulls: settings.quotedNulls ?? false,
    lineBreak: head.header ? head.lineBreak : undefined,
    isCommentSaid: settings.comment !== undefined,
  });
  if (badRow) throw badLine(head.firstLine + badRow.line, badRow.message);
  return scanText(
    {
      path: normalName,
      delimiter: ",",
      header: false,
      lineBreak: undefined,
      from: 0,
      dialect: { delimiter: ",".charCodeAt(0), quote: '"'.charCodeAt(0) },
      columnCount: head.names.length,
      lineOf: (line) => head.firstLine + line + offsetAt(lineOffsets, line),
    },
    marks,
  );
}

type Scannable = Pick<Text, "path" | "delimiter" | "header" | "lineBreak" | "lineOf"> & {
  readonly from: number;
  readonly dialect: PlainDialect;
  readonly columnCount: number;
};

async function scanText(text: Scannable, marks: NumberMarks): Promise<Text> {
  const { path, from, dialect, columnCount, lineOf } = text;
  const scanWith = async (other: NumberMarks): Promise<Tally> => {
    const options = { ...readerOfForms(other), decimalMark: other.decimal.charCodeAt(0) };
    const { tally, badRow } = await scanFile({ path, from, dialect, columnCount, ...options });
    if (badRow) throw badLine(lineOf(badRow.line), badRow.message);
    return tally;
  };
  return { ...text, tally: await scanWith(marks), scanWith };
}

const offsetAt = (offsets: readonly LineOffset[], line: number): number =>
  offsets.findLast((one) => one.line <= line)?.offset ?? 0;

/** Whether DuckDB reads the file as the scan does. */
function isPlain(
  { dialect, isAtStart, names }: CsvHead,
  { nullTexts, quotedNulls }: ReadingSettings,
): boolean {
  const isUsual = dialect.quote === '"' && dialect.escape === '"' && dialect.comment === "";
  const isOneByte = Buffer.byteLength(dialect.delimiter) === 1;
  if (names.some((name) => /[\r\n]/.test(name))) return false;
  const isUsualNull = nullTexts === undefined || (nullTexts.length === 1 && nullTexts[0] === "");
  return isUsual && isOneByte && isUsualNull && !quotedNulls && isAtStart;
}

const lineBreaks = ["lf", "crlf", "cr"] as const;

/** Whether there is something that readers of CSV read in different ways. */
function isOdd(
  { newlines, bareQuoteCount, blankLineCount, innerLineCount }: Tally,
  lineBreak: CsvHead["lineBreak"],
): boolean {
  const kinds = new Set(lineBreaks.filter((kind) => newlines[kind] > 0 || kind === lineBreak)).size;
  // DuckDB takes the first line break for the one between rows, within quotes or not, unless it is told; but only \n can be.
  const isInDoubt = newlines.crlf > 0 && innerLineCount > 0;
  return (
    kinds > 1 ||
    newlines.cr > 0 ||
    lineBreak === "cr" ||
    isInDoubt ||
    bareQuoteCount > 0 ||
    blankLineCount > 0
  );
}

/** Settings that may be wrong where a row does not fit the others. */
const advice =
  ": if it is a row, settings.delimiter, quote, escape, comment or skipLines of the source say so";

export const badLine = (line: number, message: string): EngineFailure =>
  new EngineFailure(
    "sourceDataInvalid",
    `line ${line}: ${message}${/field|quote/.test(message) ? advice : ""}`,
  );
