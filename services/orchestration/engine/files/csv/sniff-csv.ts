import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { findBadBytes } from "./find-bad-bytes.ts";
import { delimiters, findDialect, readRows } from "./find-dialect.ts";
import { findPreamble } from "./find-preamble.ts";
import type { FormReader } from "./forms.ts";
import { isHeaderOver, looksLikeNames } from "./looks-like-names.ts";
import type { Dialect } from "./row-parser.ts";
import { createRowParser, type Field } from "./row-parser.ts";

/** Properties of a CSV that its prefix reveals. */
export type SniffedCsv = {
  readonly dialect: Dialect;
  /** Lines before the first row, and whether that row is a header. */
  readonly skipLines: number;
  readonly header: boolean;
  readonly names: readonly string[];
  /** Offset and line, from 1, of the first row of values. */
  readonly from: number;
  readonly firstLine: number;
  /** Whether the file starts with the first row, apart from a byte order mark. */
  readonly isAtStart: boolean;
  /** The line break after the header; undefined if there is none. */
  readonly lineBreak: "lf" | "crlf" | "cr" | undefined;
};

const byteOrderMark = Buffer.from("\uFEFF");

/** Detects the dialect and the header; `prefix` is the whole file if `isWhole`. */
export function sniffCsv(
  prefix: Buffer,
  isWhole: boolean,
  settings: ReadingSettings,
  formReader: FormReader,
): SniffedCsv {
  const markBytes = prefix.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const isHeader = (row: readonly Field[]) => looksLikeNames(row, formReader);
  const { dialect, skipLines } = findStart(prefix, markBytes, isWhole, settings, isHeader);
  const skipped = skipLinesFrom(prefix, markBytes, skipLines);
  const rest = prefix.subarray(skipped);
  const first = firstRow(dialect, rest, isWhole);
  const isFound = () =>
    isHeader(first.fields) ||
    isHeaderOver(first.fields, readRows(dialect, rest.subarray(first.end), isWhole).rows, formReader);
  const header = settings.header === undefined ? isFound() : settings.header !== false;
  if (header) checkText(rest.subarray(first.begin, first.end), 1 + skipLines + first.linesBefore);
  const texts = first.fields.map(({ text }) => text.toString());
  return {
    dialect,
    skipLines,
    header,
    names: header
      ? texts.map((text, index) => text || `column${index}`)
      : texts.map((_, index) => `column${index}`),
    from: skipped + (header ? first.end : first.begin),
    firstLine: 1 + skipLines + (header ? first.linesToEnd : first.linesBefore),
    isAtStart: skipped + first.begin === markBytes,
    lineBreak: header ? lineBreakAt(rest.subarray(first.begin, first.end)) : undefined,
  };
}

/** The dialect and the number of lines before the first row. */
function findStart(
  prefix: Buffer,
  markBytes: number,
  isWhole: boolean,
  settings: ReadingSettings,
  isHeader: (row: readonly Field[]) => boolean,
): Pick<SniffedCsv, "dialect" | "skipLines"> {
  const separator = settings.skipLines === undefined ? separatorLine(prefix, markBytes) : undefined;
  const headerLine = typeof settings.header === "number" ? settings.header : undefined;
  const configured = settings.skipLines ?? (headerLine === undefined ? undefined : headerLine - 1);
  const leading = configured ?? (separator === undefined ? 0 : 1);
  const rest = prefix.subarray(skipLinesFrom(prefix, markBytes, leading));
  const delimiter = settings.delimiter ?? separator;
  const known = { ...settings, ...(delimiter !== undefined && { delimiter }) };
  const found = findDialect(rest, isWhole, known);
  if (configured !== undefined) return { dialect: found, skipLines: leading };
  const others = delimiter === undefined ? delimiters : [];
  const { dialect, lines } = findPreamble(found, others, rest, isWhole, isHeader);
  return { dialect, skipLines: leading + lines };
}

/** Checks the header; the scan checks the rows. */
function checkText(names: Buffer, line: number): void {
  const bad = findBadBytes(names, line);
  if (bad) throw new EngineFailure("sourceDataInvalid", `line ${bad.line}: ${bad.message}`);
}

function lineBreakAt(row: Buffer): SniffedCsv["lineBreak"] {
  const end = row.toString("latin1", Math.max(0, row.length - 2));
  if (end === "\r\n") return "crlf";
  if (end.endsWith("\n")) return "lf";
  return end.endsWith("\r") ? "cr" : undefined;
}

/** Excel's separator line, such as `sep=;`. */
function separatorLine(prefix: Buffer, from: number): string | undefined {
  return /^"?sep=([^"\r\n])"?\r?\n/i.exec(prefix.toString("latin1", from, from + 16))?.[1];
}

function skipLinesFrom(prefix: Buffer, from: number, lines: number): number {
  let at = from;
  for (let count = 0; count < lines; count += 1) {
    const end = /[\r\n]/.exec(prefix.toString("latin1", at));
    if (!end) {
      throw new EngineFailure(
        "sourceDataInvalid",
        `settings.skipLines is ${lines}, and nothing is behind these lines`,
      );
    }
    at += end.index + (prefix.toString("latin1", at + end.index, at + end.index + 2) === "\r\n" ? 2 : 1);
  }
  return at;
}

/** The first row continues beyond the prefix. */
export class CutRowError extends Error {}

type FirstRow = { fields: Field[]; begin: number; end: number; linesBefore: number; linesToEnd: number };

/** The first row that is not blank. */
function firstRow(dialect: Dialect, bytes: Buffer, isWhole: boolean): FirstRow {
  const parser = createRowParser(dialect);
  let begin = 0;
  let linesBefore = 0;
  while (begin < bytes.length) {
    const end = parser.read(bytes, begin, bytes.length, isWhole);
    if (end < 0) throw new CutRowError();
    const { fields, lineCount } = parser;
    const linesToEnd = linesBefore + lineCount;
    const isBlank = fields?.length === 1 && fields[0]?.text.length === 0 && !fields[0].isQuoted;
    if (fields && !isBlank) return { fields, begin, end, linesBefore, linesToEnd };
    begin = end;
    linesBefore = linesToEnd;
  }
  throw new EngineFailure("sourceDataInvalid", "it has no rows");
}
