import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { normalName } from "../../work-file-names.ts";
import type { PlainInput } from "../readable.ts";
import { type NumberSeparators, readerOfForms } from "./forms.ts";
import { type LineOffset, rewriteCsv } from "./rewrite-csv.ts";
import { scanFile } from "./scan-file.ts";
import type { PlainDialect } from "./scan-options.ts";
import type { SniffedCsv } from "./sniff-csv.ts";
import type { Tally } from "./tally.ts";

/** A CSV that the scan and DuckDB parse identically. */
export type CsvText = {
  readonly path: string;
  readonly delimiter: string;
  /** Whether the first row is a header. */
  readonly header: boolean;
  /** The line break after the header. */
  readonly lineBreak: SniffedCsv["lineBreak"];
  readonly tally: Tally;
  /** Converts a line of the scan, from 0, to one of the original file, from 1. */
  readonly lineOf: (line: number) => number;
  /** Scans again with other separators. */
  readonly scanWith: (separators: NumberSeparators) => Promise<Tally>;
};

/** Scans all rows of a CSV, rewriting it first if DuckDB would parse it differently. Fails with EngineFailure for a bad row. */
export async function openCsvText(
  input: PlainInput,
  sniffed: SniffedCsv,
  settings: ReadingSettings,
  separators: NumberSeparators,
): Promise<CsvText> {
  if (!isReadableByDuckdb(sniffed, settings)) return openRewritten(input, sniffed, settings, separators);
  const { delimiter, quote } = sniffed.dialect;
  const text = await scanCsvText(
    {
      path: input.path,
      delimiter,
      header: sniffed.header,
      lineBreak: sniffed.lineBreak,
      from: sniffed.from,
      dialect: { delimiter: delimiter.charCodeAt(0), quote: quote.charCodeAt(0) },
      columnCount: sniffed.names.length,
      lineOf: (line) => sniffed.firstLine + line,
    },
    separators,
  );
  return isAmbiguous(text.tally, sniffed.lineBreak)
    ? openRewritten(input, sniffed, settings, separators)
    : text;
}

async function openRewritten(
  { path }: PlainInput,
  sniffed: SniffedCsv,
  settings: ReadingSettings,
  separators: NumberSeparators,
): Promise<CsvText> {
  const { lineOffsets, badRow } = await rewriteCsv({
    path,
    outputPath: normalName,
    dialect: sniffed.dialect,
    from: sniffed.from,
    columnCount: sniffed.names.length,
    nullTexts: settings.nullTexts ?? [""],
    quotedNulls: settings.quotedNulls ?? false,
    lineBreak: sniffed.header ? sniffed.lineBreak : undefined,
    isCommentConfigured: settings.comment !== undefined,
  });
  if (badRow) throw badLine(sniffed.firstLine + badRow.line, badRow.message);
  return scanCsvText(
    {
      path: normalName,
      delimiter: ",",
      header: false,
      lineBreak: undefined,
      from: 0,
      dialect: { delimiter: ",".charCodeAt(0), quote: '"'.charCodeAt(0) },
      columnCount: sniffed.names.length,
      lineOf: (line) => sniffed.firstLine + line + offsetAt(lineOffsets, line),
    },
    separators,
  );
}

type Scannable = Pick<CsvText, "path" | "delimiter" | "header" | "lineBreak" | "lineOf"> & {
  readonly from: number;
  readonly dialect: PlainDialect;
  readonly columnCount: number;
};

async function scanCsvText(text: Scannable, separators: NumberSeparators): Promise<CsvText> {
  const { path, from, dialect, columnCount, lineOf } = text;
  const scanWith = async (other: NumberSeparators): Promise<Tally> => {
    const options = { ...readerOfForms(other), decimalMark: other.decimal.charCodeAt(0) };
    const { tally, badRow } = await scanFile({ path, from, dialect, columnCount, ...options });
    if (badRow) throw badLine(lineOf(badRow.line), badRow.message);
    return tally;
  };
  return { ...text, tally: await scanWith(separators), scanWith };
}

const offsetAt = (offsets: readonly LineOffset[], line: number): number =>
  offsets.findLast((one) => one.line <= line)?.offset ?? 0;

/** Whether DuckDB parses the dialect like the scan. */
function isReadableByDuckdb(
  { dialect, isAtStart, names }: SniffedCsv,
  { nullTexts, quotedNulls }: ReadingSettings,
): boolean {
  const isUsualDialect = dialect.quote === '"' && dialect.escape === '"' && dialect.comment === "";
  const isOneByte = Buffer.byteLength(dialect.delimiter) === 1;
  if (names.some((name) => /[\r\n]/.test(name))) return false;
  const isUsualNull = nullTexts === undefined || (nullTexts.length === 1 && nullTexts[0] === "");
  return isUsualDialect && isOneByte && isUsualNull && !quotedNulls && isAtStart;
}

const lineBreaks = ["lf", "crlf", "cr"] as const;

/** Whether the file has constructs that CSV readers parse differently. */
function isAmbiguous(
  { newlines, bareQuoteCount, blankLineCount, innerLineCount }: Tally,
  lineBreak: SniffedCsv["lineBreak"],
): boolean {
  const kinds = new Set(lineBreaks.filter((kind) => newlines[kind] > 0 || kind === lineBreak)).size;
  // DuckDB uses the first line break as the row separator, even within quotes, unless it is set; only \n can be set.
  const isLineBreakAmbiguous = newlines.crlf > 0 && innerLineCount > 0;
  return (
    kinds > 1 ||
    newlines.cr > 0 ||
    lineBreak === "cr" ||
    isLineBreakAmbiguous ||
    bareQuoteCount > 0 ||
    blankLineCount > 0
  );
}

/** Settings that may explain a bad row. */
const advice =
  ": if it is a row, settings.delimiter, quote, escape, comment or skipLines of the source say so";

export const badLine = (line: number, message: string): EngineFailure =>
  new EngineFailure(
    "sourceDataInvalid",
    `line ${line}: ${message}${/field|quote/.test(message) ? advice : ""}`,
  );
