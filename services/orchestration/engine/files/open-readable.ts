import type { DuckDBConnection } from "@duckdb/node-api";
import { EngineFailure } from "../engine-failure.ts";
import type { Task } from "../protocol.ts";
import type { ReadingSettings } from "../reading-settings.ts";
import { readCsv } from "./csv/read-csv.ts";
import { openPlainInput } from "./decode/open-plain-input.ts";
import { findFormat } from "./find-format.ts";
import { readJson } from "./json/read-json.ts";
import { readParquet } from "./parquet/read-parquet.ts";
import type { Readable } from "./readable.ts";

/** The file of a task and its reading settings. */
export type ReadTask = Pick<Task, "path" | "fileName" | "spillDirectory" | "memoryBytes"> & {
  readonly settings: ReadingSettings;
};

/** Detects from the whole file how it is read. Fails with EngineFailure. */
export async function openReadable(task: ReadTask, connection: DuckDBConnection): Promise<Readable> {
  const format = await findFormat(task);
  const readable = await open(task, format, connection);
  if (readable.columns.length === 0) throw new EngineFailure("sourceDataInvalid", "the file has no columns");
  return readable;
}

async function open(
  task: ReadTask,
  format: NonNullable<ReadingSettings["format"]>,
  connection: DuckDBConnection,
): Promise<Readable> {
  if (format === "parquet") return readParquet(task, connection);
  if (format === "xlsx") {
    // Loaded on use: few files are workbooks.
    const { readXlsx } = await import("./xlsx/read-xlsx.ts");
    return readXlsx(task, task.settings, connection);
  }
  const input = await openPlainInput(task);
  return format === "csv"
    ? readCsv(input, task.settings, connection)
    : readJson(input, { ...task.settings, format }, connection);
}
