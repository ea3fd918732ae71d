import type { DuckDBConnection } from "@duckdb/node-api";
import { openSandbox } from "../../../services/orchestration/engine/database/sandbox.ts";
import { openPlainInput } from "../../../services/orchestration/engine/files/decode/open-plain-input.ts";
import { readJson } from "../../../services/orchestration/engine/files/json/read-json.ts";
import { readParquet } from "../../../services/orchestration/engine/files/parquet/read-parquet.ts";
import type { Readable } from "../../../services/orchestration/engine/files/readable.ts";
import type { ReadingSettings } from "../../../services/orchestration/engine/reading-settings.ts";
import { identifier } from "../../../services/orchestration/engine/sql-text.ts";

const path = "sluice_input";

/** Opens the database of an engine process on the file in the working directory. */
export const openDatabase = () =>
  openSandbox({ path, spillDirectory: "sluice_spill", memoryBytes: 1024 ** 3 });

/** Types by name and the values of a file, read by DuckDB as detected. */
export async function readBack(connection: DuckDBConnection, readable: Readable) {
  const list = readable.columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`);
  const result = await connection.runAndReadAll(`SELECT ${list.join(", ")} FROM ${readable.relation}`);
  const types = Object.fromEntries(readable.columns.map(({ name, dataType }) => [name, dataType]));
  return { types, rows: result.getRowsJson() };
}

export async function openJson(connection: DuckDBConnection, settings: ReadingSettings): Promise<Readable> {
  const input = await openPlainInput({ path, fileName: "a.json", settings });
  return readJson(input, settings, connection);
}

export const openParquet = (connection: DuckDBConnection, settings: ReadingSettings): Promise<Readable> =>
  readParquet({ path, settings }, connection);
