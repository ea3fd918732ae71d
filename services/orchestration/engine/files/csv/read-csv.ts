import { open } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { ReadingSettings } from "../../reading-settings.ts";
import { identifier, literal } from "../../sql-text.ts";
import { applyOverrides } from "../columns/apply-overrides.ts";
import type { ColumnType } from "../columns/conversion.ts";
import { nameTable } from "../columns/name-table.ts";
import type { PlainInput, Readable, ReadableColumn } from "../readable.ts";
import { BadRowError } from "./bad-row-error.ts";
import { columnTypeOf } from "./column-type.ts";
import { detectSeparators } from "./detect-separators.ts";
import { formsOf, type NumberSeparators, readerOfForms } from "./forms.ts";
import { badLine, type CsvText, openCsvText } from "./open-csv-text.ts";
import { rowBytesMax, tooLong } from "./scan-segment.ts";
import { CutRowError, type SniffedCsv, sniffCsv } from "./sniff-csv.ts";
import type { Tally } from "./tally.ts";

/** Prefix for the detection of dialect and header. */
const prefixBytes = 1024 * 1024;
/** Rows up to this size fit DuckDB's default limit, in bytes. */
const defaultRowBytes = 1_900_000;

/** Detects the dialect of a CSV and exact column types from all of its rows. Fails with EngineFailure. */
export async function readCsv(
  input: PlainInput,
  settings: ReadingSettings,
  connection: DuckDBConnection,
): Promise<Readable> {
  const configured: NumberSeparators = {
    decimal: settings.decimalSeparator ?? ".",
    thousands: settings.thousandsSeparator,
  };
  const sniffed = await sniff(input, settings, configured);
  const names = nameTable(sniffed.names, settings);
  const text = await openCsvText(input, sniffed, settings, configured);
  const isConfigured = settings.decimalSeparator !== undefined || settings.thousandsSeparator !== undefined;
  const { separators, tally } = (isConfigured ? undefined : await detectSeparators(text, configured)) ?? {
    separators: configured,
    tally: text.tally,
  };
  const found = describe(input, sniffed, settings, separators);
  const forms = formsOf(separators);
  const types = names.map((_, column) => columnTypeOf(tally, column, forms, found, text.lineOf));
  const target = {
    names,
    relation: relationOf(text, textTypes(types)),
    columnSql,
    lineOfRow: lineOfRow(text),
  };
  const overridden = await applyOverrides(connection, target, types, found);
  return toReadable({ input, text, tally, names, found, problems: overridden.problems }, overridden.types);
}

async function sniff(
  input: PlainInput,
  settings: ReadingSettings,
  separators: NumberSeparators,
): Promise<SniffedCsv> {
  await using file = await open(input.path);
  const readFrom = async (length: number): Promise<SniffedCsv> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    const isWhole = bytesRead >= input.sizeBytes;
    return sniffCsv(buffer.subarray(0, bytesRead), isWhole, settings, readerOfForms(separators));
  };
  try {
    return await readFrom(prefixBytes).catch((error) => {
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
  readonly text: CsvText;
  readonly tally: Tally;
  readonly names: readonly string[];
};

function toReadable(scanned: Scanned, types: readonly ColumnType[]): Readable {
  const { input, text, tally, names, found, problems } = scanned;
  const hasFallback = types.some(({ fallback }) => fallback !== undefined);
  return {
    found,
    relation: relationOf(text, types),
    paths: [text.path],
    columns: types.map((type, column) => toColumn(names[column] ?? "", type, column, tally)),
    rowCount: tally.rowCount,
    rowBytes: input.sizeBytes / Math.max(1, tally.rowCount),
    problems,
    fallback: hasFallback
      ? toReadable(
          scanned,
          types.map((type) => type.fallback ?? type),
        )
      : undefined,
  };
}

function describe(
  { found }: PlainInput,
  { dialect, skipLines, header }: SniffedCsv,
  settings: ReadingSettings,
  { decimal, thousands }: NumberSeparators,
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

/** Rows are lines if no value contains a line break. */
function lineOfRow({ tally, lineOf }: CsvText): ((row: number) => number) | undefined {
  return tally.lineCount <= tally.rowCount ? lineOf : undefined;
}

/** Columns get positional names, because names from a file are untrusted. */
const positionalName = (column: number): string => `column${column}`;
const columnSql = (column: number): string => identifier(positionalName(column));

const textTypes = (types: readonly ColumnType[]): ColumnType[] => types.map(() => ({ dataType: "VARCHAR" }));

function relationOf(
  { path, delimiter, header, lineBreak, tally }: CsvText,
  types: readonly ColumnType[],
): string {
  const columns = types.map(
    (type, column) => `${literal(positionalName(column))}: ${literal(readType(type))}`,
  );
  const longest = tally.rowBytesMax > defaultRowBytes ? tally.rowBytesMax + 1 : undefined;
  const options = [
    "auto_detect = false",
    `delim = ${literal(delimiter)}, quote = '"', escape = '"', comment = ''`,
    `header = ${header}, skip = 0`,
    "strict_mode = true, null_padding = false, ignore_errors = false",
    "nullstr = '', allow_quoted_nulls = false",
    ...(tally.newlines.crlf === 0 && lineBreak !== "crlf" ? ["new_line = '\\n'"] : []),
    // Parallel readers start after any line break, also one within quotes.
    ...(tally.innerLineCount > 0 ? ["parallel = false"] : []),
    ...(longest ? [`max_line_size = ${longest}, buffer_size = ${2 * longest}`] : []),
    `columns = {${columns.join(", ")}}`,
  ];
  return `read_csv(${literal(path)}, ${options.join(", ")})`;
}

/** DuckDB's cast while reading is the fastest. */
const readType = ({ dataType, convert }: ColumnType): string => (convert ? "VARCHAR" : dataType);

function toColumn(name: string, type: ColumnType, column: number, { nullCounts }: Tally): ReadableColumn {
  const { dataType, form, note, convert } = type;
  const text = columnSql(column);
  const expression = convert ? convert(text) : text;
  return { name, dataType, nullable: true, nullCount: nullCounts[column] ?? 0, expression, form, note };
}
