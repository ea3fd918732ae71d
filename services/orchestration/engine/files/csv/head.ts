import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { delimiters, findDialect, readRows } from "./dialect.ts";
import { findBadBytes } from "./find-bad-bytes.ts";
import type { FormReader } from "./forms.ts";
import { isHeaderOver, looksLikeNames } from "./looks-like-names.ts";
import { findPreamble } from "./preamble.ts";
import type { Dialect } from "./row-parser.ts";
import { createRowParser, type Field } from "./row-parser.ts";

/** What the beginning of a CSV says of the rest. */
export type CsvHead = {
  readonly dialect: Dialect;
  /** Lines before the first row, and whether that has the names. */
  readonly skipLines: number;
  readonly header: boolean;
  readonly names: readonly string[];
  /** Where the rows of values begin, and in which line, from 1. */
  readonly from: number;
  readonly firstLine: number;
  /** Whether the file begins with the first row, but for a byte order mark. */
  readonly isAtStart: boolean;
  /** What is behind the names; undefined where there is nothing, or no names. */
  readonly lineBreak: "lf" | "crlf" | "cr" | undefined;
};

const byteOrderMark = Buffer.from("\uFEFF");

/** Reads dialect and names; `beginning` is all of the file where `isWhole`. */
export function readHead(
  beginning: Buffer,
  isWhole: boolean,
  settings: ReadingSettings,
  formReader: FormReader,
): CsvHead {
  const markBytes = beginning.subarray(0, 3).equals(byteOrderMark) ? 3 : 0;
  const isNames = (row: readonly Field[]) => looksLikeNames(row, formReader);
  const { dialect, skipLines } = findStart(beginning, markBytes, isWhole, settings, isNames);
  const skipped = skip(beginning, markBytes, skipLines);
  const rest = beginning.subarray(skipped);
  const first = firstRow(dialect, rest, isWhole);
  const isFound = () =>
    isNames(first.fields) ||
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

/** The dialect, and how many lines stand before the first row. */
function findStart(
  beginning: Buffer,
  markBytes: number,
  isWhole: boolean,
  settings: ReadingSettings,
  isNames: (row: readonly Field[]) => boolean,
): Pick<CsvHead, "dialect" | "skipLines"> {
  const separator = settings.skipLines === undefined ? separatorLine(beginning, markBytes) : undefined;
  const headerLine = typeof settings.header === "number" ? settings.header : undefined;
  const said = settings.skipLines ?? (headerLine === undefined ? undefined : headerLine - 1);
  const leading = said ?? (separator === undefined ? 0 : 1);
  const rest = beginning.subarray(skip(beginning, markBytes, leading));
  const delimiter = settings.delimiter ?? separator;
  const known = { ...settings, ...(delimiter !== undefined && { delimiter }) };
  const found = findDialect(rest, isWhole, known);
  if (said !== undefined) return { dialect: found, skipLines: leading };
  const others = delimiter === undefined ? delimiters : [];
  const { dialect, lines } = findPreamble(found, others, rest, isWhole, isNames);
  return { dialect, skipLines: leading + lines };
}

/** The rows' own bytes are looked at by the scan. */
function checkText(names: Buffer, line: number): void {
  const bad = findBadBytes(names, line);
  if (bad) throw new EngineFailure("sourceDataInvalid", `line ${bad.line}: ${bad.message}`);
}

function lineBreakAt(row: Buffer): CsvHead["lineBreak"] {
  const end = row.toString("latin1", Math.max(0, row.length - 2));
  if (end === "\r\n") return "crlf";
  if (end.endsWith("\n")) return "lf";
  return end.endsWith("\r") ? "cr" : undefined;
}

/** Excel's own line before the first one, as `sep=;`. */
function separatorLine(beginning: Buffer, from: number): string | undefined {
  return /^"?sep=([^"\r\n])"?\r?\n/i.exec(beginning.toString("latin1", from, from + 16))?.[1];
}

function skip(beginning: Buffer, from: number, lines: number): number {
  let at = from;
  for (let count = 0; count < lines; count += 1) {
    const end = /[\r\n]/.exec(beginning.toString("latin1", at));
    if (!end) {
      throw new EngineFailure(
        "sourceDataInvalid",
        `settings.skipLines is ${lines}, and nothing is behind these lines`,
      );
    }
    at += end.index + (beginning.toString("latin1", at + end.index, at + end.index + 2) === "\r\n" ? 2 : 1);
  }
  return at;
}

/** The first row goes on behind the beginning that was looked at. */
export class CutRowError extends Error {}

type FirstRow = { fields: Field[]; begin: number; end: number; linesBefore: number; linesToEnd: number };

/** The first row that has anything. */
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
