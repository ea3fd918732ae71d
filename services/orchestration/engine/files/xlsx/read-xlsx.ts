import type { DuckDBConnection } from "@duckdb/node-api";
import { EngineFailure } from "../../engine-failure.ts";
import type { Task } from "../../protocol.ts";
import type { ReadingSettings } from "../../reading-settings.ts";
import { identifier, literal } from "../../sql-text.ts";
import { plainName } from "../../work-file-names.ts";
import { applyOverrides } from "../columns/apply-overrides.ts";
import { nameTable } from "../columns/name-table.ts";
import { openPlainWriter } from "../decode/plain-writer.ts";
import type { Readable } from "../readable.ts";
import { type CellRange, parseRange, wholeSheet } from "./cell-names.ts";
import { type CollectedTable, createSheetTable, keyOf } from "./collect-table.ts";
import { typeOf } from "./column-type.ts";
import { openPackage, type Package } from "./open-package.ts";
import { parseXml } from "./parse-xml.ts";
import { createSheetHandler } from "./read-sheet.ts";
import { readStrings } from "./read-strings.ts";
import { readStyles } from "./read-styles.ts";
import { readWorkbook, type Workbook } from "./read-workbook.ts";

/** DuckDB's default limit of a row, in bytes. */
const defaultRowBytes = 16 * 1024 * 1024;

/** Reads one sheet of a workbook: values as they are stored, with types by all of them. Fails with EngineFailure. */
export async function readXlsx(
  { path }: Pick<Task, "path">,
  settings: ReadingSettings,
  connection: DuckDBConnection,
): Promise<Readable> {
  using file = await openPackage(path);
  const workbook = await readWorkbook(file, settings.sheet);
  const { table, sizeBytes } = await writeRows(file, workbook, settings);
  if (table.columns.length === 0) {
    throw invalid(`the sheet ${JSON.stringify(workbook.sheetName)} has no values in its cells`);
  }
  const names = nameTable(
    table.columns.map(({ name }) => name),
    settings,
  );
  const columnSql = (index: number) => identifier(keyOf(table.columns[index]?.column ?? 0));
  const relation = relationOf(table);
  const { firstRow } = table;
  const target = {
    names,
    relation,
    columnSql,
    lineOfRow: firstRow === undefined ? undefined : (row: number) => firstRow + row,
  };
  const found = table.columns.map(({ facts }) => typeOf(facts));
  const { types, problems } = await applyOverrides(connection, target, found, settings);
  return {
    found: {
      ...settings,
      format: "xlsx",
      sheet: workbook.sheetName,
      header: table.header,
      errorCells: settings.errorCells ?? "refuse",
    },
    relation,
    paths: [plainName],
    columns: types.map(({ dataType, convert, form, note }, index) => ({
      name: names[index] ?? "",
      dataType,
      nullable: true,
      nullCount: table.rowCount - countOf(table, index),
      expression: convert ? convert(columnSql(index)) : columnSql(index),
      form,
      note,
    })),
    rowCount: table.rowCount,
    rowBytes: sizeBytes / Math.max(1, table.rowCount),
    problems,
  };
}

const countOf = ({ columns }: CollectedTable, index: number): number =>
  [...(columns[index]?.facts.values() ?? [])].reduce((sum, { count }) => sum + count, 0);

/** Writes the values of the sheet as text, one line of JSON for each row. */
async function writeRows(
  file: Package,
  { sheetPart, stylesPart, stringsPart, is1904 }: Workbook,
  settings: ReadingSettings,
): Promise<{ table: CollectedTable; sizeBytes: number }> {
  const options = {
    range: rangeOf(settings),
    strings: await readStrings(file, stringsPart),
    styles: await readStyles(file, stylesPart),
    is1904,
    errorCells: settings.errorCells ?? "refuse",
  };
  const table = createSheetTable(settings);
  await using writer = await openPlainWriter(plainName);
  for await (const _ of parseXml(sheetPart, file.read(sheetPart), createSheetHandler(options, table.add))) {
    const lines = table.drain();
    if (lines.length > 0) await writer.write(lines);
  }
  await writer.flush();
  return { table: table.end(), sizeBytes: writer.sizeBytes };
}

function rangeOf({ range }: ReadingSettings): CellRange {
  if (range === undefined) return wholeSheet;
  const found = parseRange(range);
  if (!found)
    throw invalid(
      `settings.range is ${JSON.stringify(range)}, which is no range of a sheet, such as B3:F100 or B3:F`,
    );
  return found;
}

function relationOf({ columns, longestRowBytes }: CollectedTable): string {
  const types = columns.map(({ column }) => `${literal(keyOf(column))}: 'VARCHAR'`);
  const rowBytes = Math.max(defaultRowBytes, longestRowBytes + 1024);
  return (
    `read_json(${literal(plainName)}, auto_detect = false, format = 'newline_delimited', ignore_errors = false, ` +
    `maximum_object_size = ${rowBytes}, columns = {${types.join(", ")}})`
  );
}

const invalid = (message: string) => new EngineFailure("sourceDataInvalid", message);
