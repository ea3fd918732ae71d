import { open } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ReadingSettings } from "../../reading-settings.ts";
import { identifier, literal } from "../../sql-text.ts";
import { applyOverrides } from "../columns/apply-overrides.ts";
import type { ColumnType } from "../columns/conversion.ts";
import { nameTable } from "../columns/name-table.ts";
import type { PlainInput, Readable, ReadableColumn } from "../readable.ts";
import { BadRowError } from "./bad-row.ts";
import { columnTypeOf } from "./column-type.ts";
import { findMarks } from "./find-marks.ts";
import { formsOf, type NumberMarks, readerOfForms } from "./forms.ts";
import { type CsvHead, CutRowError, readHead } from "./head.ts";
import { badLine, openText, type Text } from "./open-text.ts";
import { rowBytesMax, tooLong } from "./scan-segment.ts";
import type { Tally } from "./tally.ts";

/** What is looked at for the dialect and the names. */
const beginningBytes = 1024 * 1024;
/** Longest row that DuckDB reads without being told. */
const lineBytesUsual = 1_900_000;

/** Finds out how a CSV is written and which types keep its values, from all of its rows. Fails with EngineFailure. */
export async function readCsv(
  input: PlainInput,
  settings: ReadingSettings,
  connection: DuckDBConnection,
): Promise<Readable> {
  const usual: NumberMarks = {
    decimal: settings.decimalSeparator ?? ".",
    thousands: settings.thousandsSeparator,
  };
  const head = await readBeginning(input, settings, usual);
  const names = nameTable(head.names, settings);
  const text = await openText(input, head, settings, usual);
  const isSaid = settings.decimalSeparator !== undefined || settings.thousandsSeparator !== undefined;
  const { marks, tally } = (isSaid ? undefined : await findMarks(text, usual)) ?? {
    marks: usual,
    tally: text.tally,
  };
  const found = describe(input, head, settings, marks);
  const forms = formsOf(marks);
  const types = names.map((_, column) => columnTypeOf(tally, column, forms, found, text.lineOf));
  const target = { names, relation: relationOf(text, textTypes(types)), placeOf, lineOfRow: lineOfRow(text) };
  const overridden = await applyOverrides(connection, target, types, found);
  return toReadable({ input, text, tally, names, found, problems: overridden.problems }, overridden.types);
}

async function readBeginning(
  input: PlainInput,
  settings: ReadingSettings,
  marks: NumberMarks,
): Promise<CsvHead> {
  await using file = await open(input.path);
  const readFrom = async (length: number): Promise<CsvHead> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    const isWhole = bytesRead >= input.sizeBytes;
    return readHead(buffer.subarray(0, bytesRead), isWhole, settings, readerOfForms(marks));
  };
  try {
    return await readFrom(beginningBytes).catch((error) => {
      if (!(error instanceof CutRowError)) throw error;
      return readFrom(rowBytesMax);
    });
  } catch (error) {
    if (error instanceof CutRowError) throw badLine(1, tooLong);
    throw error instanceof BadRowError ? badLine(1, error.message) : error;
  }
}

type Scanned = Pick<Readable, "found" | "problems"> & {
  readonly input: PlainInput;
  readonly text: Text;
  readonly tally: Tally;
  readonly names: readonly string[];
};

function toReadable(scanned: Scanned, types: readonly ColumnType[]): Readable {
  const { input, text, tally, names, found, problems } = scanned;
  const isGuessed = types.some(({ otherwise }) => otherwise !== undefined);
  return {
    found,
    relation: relationOf(text, types),
    paths: [text.path],
    columns: types.map((type, column) => toColumn(names[column] ?? "", type, column, tally)),
    rowCount: tally.rowCount,
    rowBytes: input.sizeBytes / Math.max(1, tally.rowCount),
    problems,
    otherwise: isGuessed
      ? toReadable(
          scanned,
          types.map((type) => type.otherwise ?? type),
        )
      : undefined,
  };
}

function describe(
  { found }: PlainInput,
  { dialect, skipLines, header }: CsvHead,
  settings: ReadingSettings,
  { decimal, thousands }: NumberMarks,
): ReadingSettings {
  return {
    ...settings,
    ...found,
    ...dialect,
    format: "csv",
    skipLines,
    header,
    nullTexts: settings.nullTexts ?? [""],
    quotedNulls: settings.quotedNulls ?? false,
    decimalSeparator: decimal as "." | ",",
    ...(thousands !== undefined && { thousandsSeparator: thousands as "," | "." }),
  };
}

/** Rows are lines where no value has a line break: then a row's place says its line. */
function lineOfRow({ tally, lineOf }: Text): ((row: number) => number) | undefined {
  return tally.lineCount <= tally.rowCount ? lineOf : undefined;
}

/** Columns go by their places here: names of a file are nothing that DuckDB should read. */
const placeName = (column: number): string => `column${column}`;
const placeOf = (column: number): string => identifier(placeName(column));

const textTypes = (types: readonly ColumnType[]): ColumnType[] => types.map(() => ({ dataType: "VARCHAR" }));

function relationOf(
  { path, delimiter, header, lineBreak, tally }: Text,
  types: readonly ColumnType[],
): string {
  const columns = types.map((type, column) => `${literal(placeName(column))}: ${literal(readType(type))}`);
  const longest = tally.rowBytesMax > lineBytesUsual ? tally.rowBytesMax + 1 : undefined;
  const options = [
    "auto_detect = false",
    `delim = ${literal(delimiter)}, quote = '"', escape = '"', comment = ''`,
    `header = ${header}, skip = 0`,
    "strict_mode = true, null_padding = false, ignore_errors = false",
    "nullstr = '', allow_quoted_nulls = false",
    ...(tally.newlines.crlf === 0 && lineBreak !== "crlf" ? ["new_line = '\\n'"] : []),
    // Threads begin behind a line break, which they may take for one between rows.
    ...(tally.innerLineCount > 0 ? ["parallel = false"] : []),
    ...(longest ? [`max_line_size = ${longest}, buffer_size = ${2 * longest}`] : []),
    `columns = {${columns.join(", ")}}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(", ")})`;
}

/** DuckDB's own cast while it reads is the fastest. */
const readType = ({ dataType, convert }: ColumnType): string => (convert ? "VARCHAR" : dataType);

function toColumn(name: string, type: ColumnType, column: number, { nullCounts }: Tally): ReadableColumn {
  const { dataType, form, note, convert } = type;
  const text = placeOf(column);
  const expression = convert ? convert(text) : text;
  return { name, dataType, nullable: true, nullCount: nullCounts[column] ?? 0, expression, form, note };
}
