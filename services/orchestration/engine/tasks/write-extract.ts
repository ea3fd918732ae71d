import type { DuckDBConnection } from "@duckdb/node-api";
import { copyLineBytesMax, readerOf, sliceOf } from "../database/file-reader.ts";
import type { ColumnStats, ExtractColumn, Extraction, RowRange, Task } from "../protocol.ts";
import { rowGroupBytes, rowGroupRows } from "../parquet/row-groups.ts";
import { writeRows } from "../rows/write-rows.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { identifier, literal } from "../sql-text.ts";

type ExtractTask = Task & { kind: "extract" };

/** Writes some rows of the input as one file, in the input's order, and answers what is known of them. */
export async function writeExtract(task: ExtractTask): Promise<Extraction> {
  const { reading, path, outputPath } = task;
  if (reading.format === "copy" && reading.encoding === "binary") {
    return writeRows({ path, outputPath, columns: reading.columns, rowBytesMax: copyLineBytesMax });
  }
  // What comes through a pipe is read by one thread, in its order whatever is set. This only lets row groups end early.
  const settings = task.reading.format === "copy" ? ["SET preserve_insertion_order = false"] : [];
  const connection = await openSandbox(task, { settings });
  try {
    return await (task.format === "parquet" ? writeParquet(connection, task) : writeCsv(connection, task));
  } finally {
    // The process goes on to the next task.
    connection.closeSync();
  }
}

async function writeParquet(connection: DuckDBConnection, task: ExtractTask): Promise<Extraction> {
  const options = `FORMAT parquet, COMPRESSION zstd, RETURN_STATS, ${rowGroupOf(task)}`;
  const copy = `COPY (${selectOf(task)}) TO ${literal(task.outputPath)} (${options})`;
  const [written] = await readRows(connection, copy);
  const found = new Map(entriesOf(written?.column_statistics).map(({ key, value }) => [key, value]));
  const columns = task.columns.map(({ name }) => toStats(name, found.get(identifier(name))));
  const isReadable = task.reading.format !== "copy" && found.size > 0;
  const nested = isReadable ? task.columns.filter(({ name }) => !found.has(identifier(name))) : [];
  const nulls = await countNulls(connection, task, nested);
  return {
    rowCount: Number(written?.count),
    columns: columns.map((column) => ({ ...column, nullCount: nulls.get(column.name) ?? column.nullCount })),
  };
}

const rowGroupOf = ({ reading, rowBytes }: ExtractTask): string =>
  reading.format === "copy"
    ? `ROW_GROUP_SIZE_BYTES ${rowGroupBytes}`
    : `ROW_GROUP_SIZE ${rowGroupRows(rowBytes)}`;

/** The file's statistics are of single values only: what is missing of a list or a struct is counted by reading again. */
async function countNulls(
  connection: DuckDBConnection,
  task: ExtractTask,
  columns: readonly ExtractColumn[],
): Promise<Map<string, number>> {
  if (columns.length === 0) return new Map();
  const counts = columns.map(({ name }, index) => `count(*) - count(${identifier(name)}) AS nulls${index}`);
  const [row] = await readRows(
    connection,
    `SELECT ${counts.join(", ")} FROM (${selectOf({ ...task, columns })})`,
  );
  return new Map(columns.map(({ name }, index) => [name, Number(row?.[`nulls${index}`])]));
}

type Entry<T> = { readonly key: string; readonly value: T };
type Statistics = readonly Entry<string>[];

const entriesOf = (map: unknown): readonly Entry<Statistics>[] => (map ?? []) as Entry<Statistics>[];

/** Of a longer text Parquet's statistics have its beginning as the smallest, and something behind it as the largest. */
const statisticBytesMax = 255;

function toStats(name: string, statistics: Statistics = []): ColumnStats {
  const statistic = (key: string) => statistics.find((entry) => entry.key === key)?.value;
  // PostgreSQL, which keeps them, has no text with a NUL.
  const known = (text: string | undefined) =>
    text !== undefined && (Buffer.byteLength(text) > statisticBytesMax || text.includes("\0"))
      ? undefined
      : text;
  const nullCount = Number(statistic("null_count") ?? 0);
  return { name, nullCount, min: known(statistic("min")), max: known(statistic("max")) };
}

/** A CSV's writer answers nothing of its columns, and what came through a pipe can't be read again: a table is between. */
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

const inputOf = (path: string, reading: ExtractTask["reading"], rows: RowRange | undefined): string =>
  rows && reading.format === "parquet" ? sliceOf(path, reading, rows) : readerOf(path, reading);
