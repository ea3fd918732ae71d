import type { DuckDBConnection } from "@duckdb/node-api";
import { attachDatabase } from "../database/attach-database.ts";
import { countNulls } from "../database/count-nulls.ts";
import { copyLineBytesMax, readerOf, sliceOf, tableReaderOf } from "../database/file-reader.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { gateTable } from "../gate/gate-database.ts";
import { statisticBytesMax } from "../parquet/column-values.ts";
import { rowGroupBytes, rowGroupRows } from "../parquet/row-groups.ts";
import type { ColumnStats, Extraction, RowRange, Task } from "../protocol.ts";
import { writeRows } from "../rows/write-rows.ts";
import { identifier, literal } from "../sql-text.ts";

type ExtractTask = Task & { kind: "extract" };

/** Writes a row range of the input as one file in input order, and returns its statistics. */
export async function writeExtract(task: ExtractTask): Promise<Extraction> {
  const { reading, path, outputPath } = task;
  if (reading.format === "copy" && reading.encoding === "binary") {
    return writeRows({ path, outputPath, columns: reading.columns, rowBytesMax: copyLineBytesMax });
  }
  const connection = await openSandbox(task, {
    settings: settingsOf(reading),
    ...(reading.format === "table" && { define: attachDatabase }),
  });
  try {
    if (reading.format === "table") await gateTable(connection, reading);
    return await (task.format === "parquet" ? writeParquet(connection, task) : writeCsv(connection, task));
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}

/** What is read by one thread stays in order anyway; without that order, row groups can end early. */
function settingsOf({ format }: ExtractTask["reading"]): string[] {
  const unordered = "SET preserve_insertion_order = false";
  if (format === "copy") return [unordered];
  return format === "table" ? [unordered, "SET threads = 1"] : [];
}

async function writeParquet(connection: DuckDBConnection, task: ExtractTask): Promise<Extraction> {
  const options = `FORMAT parquet, COMPRESSION zstd, RETURN_STATS, ${rowGroupOf(task)}`;
  const copy = `COPY (${selectOf(task)}) TO ${literal(task.outputPath)} (${options})`;
  const [written] = await readRows(connection, copy);
  const found = new Map(entriesOf(written?.column_statistics).map(({ key, value }) => [key, value]));
  const columns = task.columns.map(({ name }) => toStats(name, found.get(identifier(name))));
  const isReadable = task.reading.format !== "copy" && found.size > 0;
  const nested = isReadable ? task.columns.filter(({ name }) => !found.has(identifier(name))) : [];
  const nulls = await countNulls(
    connection,
    `(${selectOf({ ...task, columns: nested })})`,
    nested.map(({ name }) => name),
  );
  return {
    rowCount: Number(written?.count),
    columns: columns.map((column) => ({ ...column, nullCount: nulls.get(column.name) ?? column.nullCount })),
  };
}

const rowGroupOf = ({ reading, rowBytes }: ExtractTask): string =>
  reading.format !== "parquet"
    ? `ROW_GROUP_SIZE_BYTES ${rowGroupBytes}`
    : `ROW_GROUP_SIZE ${rowGroupRows(rowBytes)}`;

type Entry<T> = { readonly key: string; readonly value: T };
type Statistics = readonly Entry<string>[];

const entriesOf = (map: unknown): readonly Entry<Statistics>[] => (map ?? []) as Entry<Statistics>[];

function toStats(name: string, statistics: Statistics = []): ColumnStats {
  const statistic = (key: string) => statistics.find((entry) => entry.key === key)?.value;
  // Statistics are stored in PostgreSQL, whose texts can't contain NUL.
  const known = (text: string | undefined) =>
    text !== undefined && (Buffer.byteLength(text) > statisticBytesMax || text.includes("\0"))
      ? undefined
      : text;
  const nullCount = Number(statistic("null_count") ?? 0);
  return { name, nullCount, min: known(statistic("min")), max: known(statistic("max")) };
}

/** The CSV writer returns no statistics and a pipe can't be read twice, so the rows go through a table. */
async function writeCsv(connection: DuckDBConnection, task: ExtractTask): Promise<Extraction> {
  await connection.run(`CREATE TEMP TABLE sluice_extract AS ${selectOf(task)}`);
  const file = literal(task.outputPath);
  await connection.run(`COPY temp.sluice_extract TO ${file} (FORMAT csv, HEADER true, NULLSTR '')`);
  const counted = task.columns.flatMap(({ name }, index) => [
    `count(*) - count(${identifier(name)}) AS nulls${index}`,
    `min(${identifier(name)})::VARCHAR AS min${index}`,
    `max(${identifier(name)})::VARCHAR AS max${index}`,
  ]);
  const [row] = await readRows(
    connection,
    `SELECT count(*) AS rows, ${counted.join(", ")} FROM temp.sluice_extract`,
  );
  const text = (value: unknown) =>
    value === null || String(value).includes("\0") ? undefined : String(value);
  return {
    rowCount: Number(row?.rows),
    columns: task.columns.map(({ name }, index) => ({
      name,
      nullCount: Number(row?.[`nulls${index}`]),
      min: text(row?.[`min${index}`]),
      max: text(row?.[`max${index}`]),
    })),
  };
}

function selectOf({ path, reading, rows, columns }: ExtractTask): string {
  const list = columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(", ");
  return `SELECT ${list} FROM ${inputOf(path, reading, rows)}`;
}

function inputOf(path: string, reading: ExtractTask["reading"], rows: RowRange | undefined): string {
  if (reading.format === "table") return tableReaderOf(reading);
  return rows && reading.format === "parquet" ? sliceOf(path, reading, rows) : readerOf(path, reading);
}
