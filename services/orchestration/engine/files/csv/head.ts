import { isUtf8 } from "node:buffer";
import { EngineFailure } from "../../engine-failure.ts";
import type { ReadingSettings } from "../reading-settings.ts";
import type { Automaton } from "./automaton.ts";
import { BadRowError } from "./bad-row.ts";
import { type Dialect, findDialect, readGoodRows } from "./dialect.ts";
import type { FormReader } from "./forms.ts";
import { countPreamble } from "./preamble.ts";
import { createRowParser, type Field } from "./row-parser.ts";
import { describeBytes } from "./scan-segment.ts";

/** What the beginning of a CSV says of the rest. */
export type CsvHead = {
  readonly dialect: Dialect;
  /** Lines before the first row, and whether that has the names. */
  readonly skipLines: number;
  readonly header: boolean;
  readonly names: readonly string[];
  /** Whether the line of names ends with \r\n. */
  readonly endsWithCrlf: boolean;
  /** Where the rows of values begin, and in which line, from 1. */
  readonly from: number;
  readonly firstLine: number;
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
  const separator = settings.skipLines === undefined ? separatorLine(beginning, markBytes) : undefined;
  const headerLine = typeof settings.header === "number" ? settings.header : undefined;
  const said = settings.skipLines ?? (headerLine === undefined ? undefined : headerLine - 1);
  const leading = said ?? (separator === undefined ? 0 : 1);
  const begin = skip(beginning, markBytes, leading);
  const delimiter = settings.delimiter ?? separator;
  const known = { ...settings, ...(delimiter !== undefined && { delimiter }) };
  const dialect = findDialect(beginning.subarray(begin), isWhole, known);
  const isNames = (row: readonly Field[]) => looksLikeNames(row, formReader);
  const preamble =
    said === undefined ? countPreamble(dialect, beginning.subarray(begin), isWhole, isNames) : 0;
  const skipLines = leading + preamble;
  const skipped = skip(beginning, markBytes, skipLines);
  const rest = beginning.subarray(skipped);
  const first = firstRow(dialect, rest, isWhole);
  const isHeader = () =>
    isNames(first.fields) || standsAbove(readGoodRows(dialect, rest, isWhole), formReader);
  const header = settings.header === undefined ? isHeader() : settings.header !== false;
  return {
    dialect,
    skipLines,
    header,
    endsWithCrlf: rest.toString("latin1", first.end - 2, first.end) === "\r\n",
    names: namesOf(first.fields, header),
    from: skipped + (header ? first.end : first.begin),
    firstLine: 1 + skipLines + (header ? first.linesToEnd : first.linesBefore),
  };
}

function namesOf(fields: readonly Field[], header: boolean): string[] {
  return fields.map(({ text }, index) => {
    if (!header || text.length === 0) return `column${index}`;
    if (!isUtf8(text)) throw new BadRowError(describeBytes(text));
    return text.toString();
  });
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

type FirstRow = { fields: Field[]; begin: number; end: number; linesBefore: number; linesToEnd: number };

/** The first row that has anything. */
function firstRow(dialect: Dialect, bytes: Buffer, isWhole: boolean): FirstRow {
  const parser = createRowParser(dialect);
  let begin = 0;
  let linesBefore = 0;
  while (begin < bytes.length) {
    const end = parser.read(bytes, begin, bytes.length, isWhole);
    if (end < 0)
      throw new EngineFailure(
        "sourceDataInvalid",
        "its first row does not end: is a quote opened and not closed?",
      );
    const { fields, lineCount } = parser;
    const linesToEnd = linesBefore + lineCount;
    const isBlank = fields?.length === 1 && fields[0]?.text.length === 0 && !fields[0].isQuoted;
    if (fields && !isBlank) return { fields, begin, end, linesBefore, linesToEnd };
    begin = end;
    linesBefore = linesToEnd;
  }
  throw new EngineFailure("sourceDataInvalid", "it has no rows");
}

/** Names are texts: not numbers, dates, times or truth values, and not missing but for one at the most. */
function looksLikeNames(fields: readonly Field[], { forms, automaton }: FormReader): boolean {
  const isText = (text: Buffer): boolean => forms[formOf(text, automaton)]?.name === "text";
  const missing = fields.filter(({ text }) => text.length === 0).length;
  return (
    missing <= (fields.length > 1 ? 1 : 0) && fields.every(({ text }) => text.length === 0 || isText(text))
  );
}

/** Words for a value that is missing: they stand in a row of values as well. */
const nullWords = /^(n\/?a|null|none|nil|nan|inf|unknown|missing)$/i;

/** Whether the first row names columns of which some have numbers in their names: one is a name over values that are no text. */
function standsAbove([names, ...values]: readonly Field[][], { forms, automaton }: FormReader): boolean {
  if (!names || values.length === 0) return false;
  const kindOf = ({ text }: Field) => forms[formOf(text, automaton)]?.kind;
  const isDistinct = new Set(names.map(({ text }) => text.toString())).size === names.length;
  const isWhole = names.every(({ text }) => text.length > 0 && !nullWords.test(text.toString()));
  if (!isDistinct || !isWhole) return false;
  return names.some((name, column) => {
    const below = values
      .flatMap((row) => row.slice(column, column + 1))
      .filter(({ text }) => text.length > 0);
    const isName = /^[\p{L}_]/u.test(name.text.toString()) && kindOf(name) === "text";
    return isName && below.length > 0 && below.every((value) => kindOf(value) !== "text");
  });
}

function formOf(text: Buffer, { classes, next, accepted, stride, start }: Automaton): number {
  let state = start;
  for (const byte of text) state = next[state + (classes[byte] ?? 0)] ?? 0;
  return accepted[state / stride] ?? 0;
}
