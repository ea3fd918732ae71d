import type { DuckDBConnection } from "@duckdb/node-api";
import { readerOf } from "./file-reader.ts";
import type { ColumnStats, Extraction, RowRange, Task } from "./protocol.ts";
import { openSandbox, readRows } from "./sandbox.ts";
import { identifier, literal } from "./sql-text.ts";

type ExtractTask = Task & { kind: "extract" };

/** Writes some rows of the input as one file, in the input's order, and answers what is known of them. */
export async function writeExtract(task: ExtractTask): Promise<Extraction> {
  const connection = await openSandbox(task, async () => {});
  return task.format === "parquet" ? writeParquet(connection, task) : writeCsv(connection, task);
}

async function writeParquet(connection: DuckDBConnection, task: ExtractTask): Promise<Extraction> {
  const options = "FORMAT parquet, COMPRESSION zstd, RETURN_STATS";
  const copy = `COPY (${selectOf(task)}) TO ${literal(task.outputPath)} (${options})`;
  const [written] = await readRows(connection, copy);
  const found = new Map(entriesOf(written?.column_statistics).map(({ key, value }) => [key, value]));
  const columns = task.columns.map(({ name }) => toStats(name, found.get(identifier(name))));
  return { rowCount: Number(written?.count), columns };
}

type Entry<T> = { readonly key: string; readonly value: T };
type Statistics = readonly Entry<string>[];

const entriesOf = (map: unknown): readonly Entry<Statistics>[] => (map ?? []) as Entry<Statistics>[];

function toStats(name: string, statistics: Statistics = []): ColumnStats {
  const statistic = (key: string) => statistics.find((entry) => entry.key === key)?.value;
  return {
    name,
    nullCount: Number(statistic("null_count") ?? 0),
    min: statistic("min"),
    max: statistic("max"),
  };
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
  const text = (value: unknown) => (value === null ? undefined : String(value));
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
  return `SELECT ${list} FROM ${sliceOf(path, reading, rows)}`;
}

function sliceOf(path: string, reading: ExtractTask["reading"], rows: RowRange | undefined): string {
  if (!rows) return readerOf(path, reading);
  const { from, to } = rows;
  // A Parquet file is entered where the rows are; others have to be read from their beginning.
  return reading.format === "parquet"
    ? `read_parquet(${literal(path)}, file_row_number = true) WHERE file_row_number BETWEEN ${from} AND ${to - 1}`
    : `${readerOf(path, reading)} LIMIT ${to - from} OFFSET ${from}`;
}
