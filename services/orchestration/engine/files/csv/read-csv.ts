import { open, stat } from "node:fs/promises";
import { EngineFailure } from "../../engine-failure.ts";
import { identifier, literal } from "../../sql-text.ts";
import type { PlainInput, Readable, ReadableColumn } from "../readable.ts";
import { notDoubles } from "../readable.ts";
import type { ReadingSettings } from "../reading-settings.ts";
import { compile } from "./automaton.ts";
import { BadRowError } from "./bad-row.ts";
import { type ColumnType, columnTypeOf } from "./column-type.ts";
import { formsOf, type NumberMarks } from "./forms.ts";
import { type CsvHead, readHead } from "./head.ts";
import { nameColumns } from "./name-columns.ts";
import { type LineOffset, rewriteCsv } from "./rewrite.ts";
import { scanFile } from "./scan-file.ts";
import type { Tally } from "./tally.ts";

/** What is looked at for the dialect and the names. */
const beginningBytes = 1024 * 1024;
/** Name of a CSV that was rewritten, in the task's folder. */
const rewrittenName = "sluice_normal";
/** Longest row that DuckDB reads without being told. */
const lineBytesUsual = 1_900_000;

/** Finds out how a CSV is written and which types keep its values, from all of its rows. Fails with EngineFailure. */
export async function readCsv(input: PlainInput, settings: ReadingSettings): Promise<Readable> {
  const { beginning, isWhole } = await readBeginning(input);
  const marks: NumberMarks = {
    decimal: settings.decimalSeparator ?? ".",
    thousands: settings.thousandsSeparator,
  };
  const forms = formsOf(marks);
  const automaton = compile(forms.map(({ pattern }) => pattern));
  const head = asFailure(1, () => readHead(beginning, isWhole, settings, { forms, automaton }));
  const names = nameColumns(head.names, settings.columnNames ?? {});
  const text = await openText(input, head, settings, marks);
  const types = names.map((_, column) =>
    columnTypeOf(text.tally, column, forms, settings, (line) => text.lineOf(line)),
  );
  const { size } = await stat(input.path);
  const readableOf = (found: readonly ColumnType[]): Readable => ({
    found: describe(input, head, settings, marks),
    relation: relationOf(text, found),
    paths: [text.path],
    columns: found.map((type, column) => toColumn(names[column] ?? "", type, column, text.tally, marks)),
    rowCount: text.tally.rowCount,
    rowBytes: size / Math.max(1, text.tally.rowCount),
    problems: [],
    otherwise: found.some(({ conversion }) => conversion.by === "double")
      ? readableOf(found.map((type) => (type.conversion.by === "double" ? type.conversion.otherwise : type)))
      : undefined,
  });
  return readableOf(types);
}

async function readBeginning({
  path,
  sizeBytes,
}: PlainInput): Promise<{ beginning: Buffer; isWhole: boolean }> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
  return { beginning: buffer.subarray(0, bytesRead), isWhole: bytesRead >= sizeBytes };
}

/** A text that DuckDB reads, scanned. */
type Text = {
  readonly path: string;
  readonly head: CsvHead | undefined;
  readonly tally: Tally;
  /** Line of the file, from 1, of a line of the scan, from 0. */
  readonly lineOf: (line: number) => number;
};

async function openText(
  input: PlainInput,
  head: CsvHead,
  settings: ReadingSettings,
  marks: NumberMarks,
): Promise<Text> {
  if (!isPlain(head, settings)) return openRewritten(input, head, settings, marks);
  const { path } = input;
  const options = {
    columnCount: head.names.length,
    marks,
    dialect: { delimiter: byteOf(head.dialect.delimiter), quote: byteOf(head.dialect.quote) },
  };
  const { tally, badRow } = await scanFile({ path, from: head.from, ...options });
  const lineOf = (line: number) => head.firstLine + line;
  if (badRow) throw badLine(lineOf(badRow.line), badRow.message);
  return isOdd(tally) ? openRewritten(input, head, settings, marks) : { path, head, tally, lineOf };
}

async function openRewritten(
  { path }: PlainInput,
  head: CsvHead,
  settings: ReadingSettings,
  marks: NumberMarks,
): Promise<Text> {
  const columnCount = head.names.length;
  const { lineOffsets, badRow } = await rewriteCsv({
    path,
    outputPath: rewrittenName,
    dialect: head.dialect,
    from: head.from,
    columnCount,
    nullTexts: settings.nullTexts ?? [""],
    quotedNulls: settings.quotedNulls ?? false,
  });
  if (badRow) throw badLine(head.firstLine + badRow.line, badRow.message);
  const lineOf = (line: number) => head.firstLine + line + offsetAt(lineOffsets, line);
  const dialect = { delimiter: byteOf(","), quote: byteOf('"') };
  const scanned = await scanFile({ path: rewrittenName, from: 0, columnCount, marks, dialect });
  if (scanned.badRow) throw badLine(lineOf(scanned.badRow.line), scanned.badRow.message);
  return { path: rewrittenName, head: undefined, tally: scanned.tally, lineOf };
}

const offsetAt = (offsets: readonly LineOffset[], line: number): number =>
  offsets.findLast((one) => one.line <= line)?.offset ?? 0;

const byteOf = (character: string): number => character.charCodeAt(0);

/** Whether DuckDB reads the file as the scan does. */
function isPlain({ dialect, skipLines }: CsvHead, settings: ReadingSettings): boolean {
  const { delimiter, quote, escape, comment } = dialect;
  const isUsual = /^[\x01-\x7f]$/.test(delimiter) && quote === '"' && escape === '"' && comment === "";
  const nullsAreEmpty = settings.nullTexts === undefined && !settings.quotedNulls;
  return isUsual && nullsAreEmpty && skipLines === 0;
}

/** Whether there is something that readers of CSV read in different ways. */
function isOdd({ newlines, bareQuoteCount, blankLineCount }: Tally): boolean {
  const kinds = [newlines.lf, newlines.crlf, newlines.cr].filter((count) => count > 0).length;
  return kinds > 1 || newlines.cr > 0 || bareQuoteCount > 0 || blankLineCount > 0;
}

const badLine = (line: number, message: string): EngineFailure =>
  new EngineFailure("sourceDataInvalid", `line ${line} of the file can't be read: ${message}`);

function asFailure<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof BadRowError ? badLine(line, error.message) : error;
  }
}

function describe(
  { found }: PlainInput,
  head: CsvHead,
  settings: ReadingSettings,
  marks: NumberMarks,
): ReadingSettings {
  const { dialect, skipLines, header } = head;
  return {
    ...settings,
    format: "csv",
    ...found,
    ...dialect,
    skipLines,
    header,
    nullTexts: settings.nullTexts ?? [""],
    quotedNulls: settings.quotedNulls ?? false,
    decimalSeparator: settings.decimalSeparator ?? ".",
    ...(marks.thousands !== undefined && { thousandsSeparator: settings.thousandsSeparator }),
  };
}

/** Columns go by their places here: names of a file are nothing that DuckDB should read. */
const placeName = (column: number): string => `column${column}`;

function relationOf({ path, head, tally }: Text, types: readonly ColumnType[]): string {
  const columns = types.map((type, column) => `${literal(placeName(column))}: ${literal(readType(type))}`);
  const longest = tally.rowBytesMax > lineBytesUsual ? tally.rowBytesMax + 1 : undefined;
  const options = [
    "auto_detect = false",
    `delim = ${literal(head?.dialect.delimiter ?? ",")}`,
    `quote = '"', escape = '"', comment = ''`,
    `header = ${head?.header ?? false}, skip = 0`,
    "strict_mode = true, null_padding = false, ignore_errors = false",
    "nullstr = '', allow_quoted_nulls = false",
    ...(longest ? [`max_line_size = ${longest}, buffer_size = ${2 * longest}`] : []),
    `columns = {${columns.join(", ")}}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(", ")})`;
}

/** DuckDB's own cast of what it reads is the fastest. */
const readType = ({ dataType, conversion }: ColumnType): string =>
  conversion.by === "cast" ? dataType : "VARCHAR";

function toColumn(
  name: string,
  type: ColumnType,
  column: number,
  { nullCounts }: Tally,
  _marks: NumberMarks,
): ReadableColumn {
  const nullCount = nullCounts[column] ?? 0;
  const { dataType, form, note } = type;
  return {
    name,
    dataType,
    nullable: true,
    nullCount,
    expression: expressionOf(identifier(placeName(column)), type),
    form,
    note,
  };
}

function expressionOf(text: string, { dataType, conversion }: ColumnType): string {
  switch (conversion.by) {
    case "cast":
      return text;
    case "formats":
      return `CAST(strptime(${text}, [${conversion.formats.map(literal).join(", ")}]) AS ${dataType})`;
    case "double":
      return (
        `CASE WHEN ${text} IS NULL THEN NULL WHEN length(${text}) <= 16 OR CAST(CAST(${text} AS DOUBLE) AS VARCHAR) = ${text} ` +
        `THEN CAST(${text} AS DOUBLE) ELSE error(${literal(notDoubles)}) END`
      );
  }
}
