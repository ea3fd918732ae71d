import { stat } from "node:fs/promises";
import { toParquet } from "../../connectors/file/parquet-type.ts";
import type { Task } from "../protocol.ts";
import { inspectFile, readerOf } from "./inspect-file.ts";
import type { Readable } from "./readable.ts";
import type { ReadingSettings } from "./reading-settings.ts";

/** The file of a task, and how its owner says that it is read. */
export type ReadTask = Pick<Task, "path" | "fileName" | "spillDirectory" | "memoryBytes"> & {
  readonly settings: ReadingSettings;
};

/** How much smaller than in memory a Parquet file may be. */
const parquetShrinking = 8;

/** Finds out, from all of a file, how it is read. */
export async function openReadable(task: ReadTask): Promise<Readable> {
  const { settings, path } = task;
  const { reading, columns, rowCount } = await inspectFile({ ...task, format: settings.format });
  const { size } = await stat(path);
  const { columns: _, ...found } = { columns: [], ...reading };
  return {
    found: { ...settings, ...found },
    relation: readerOf(path, reading),
    paths: [path],
    columns: columns.map((column) => ({
      ...column,
      ...(reading.format === "parquet"
        ? { expression: `"${column.name.replaceAll('"', '""')}"` }
        : toParquet(column)),
    })),
    rowCount,
    rowBytes: (size / Math.max(1, rowCount)) * (reading.format === "parquet" ? parquetShrinking : 1),
    problems: [],
  };
}
