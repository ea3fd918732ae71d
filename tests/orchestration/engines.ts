import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import { createEngine, type Engine, type EngineOptions } from "../../services/orchestration/engine/engine.ts";
import { createMemoryWatch, type MemoryLimits } from "../../services/orchestration/engine/memory-watch.ts";

const defaultMemory: MemoryLimits = { processBytes: 1536 * 1024 ** 2, totalBytes: 6 * 1024 ** 3 };

/** More than any test needs. */
export const watchMemory = (limits = defaultMemory) => createMemoryWatch(limits);

/** An engine with the service's settings, in a folder of its own. */
export async function startEngine(
  directory: string,
  {
    memory = defaultMemory,
    ...options
  }: Partial<Omit<EngineOptions, "memory">> & { memory?: MemoryLimits } = {},
): Promise<Engine> {
  const log = createLog("engine", { logLevel: "silent" });
  const confinement = await findConfinement(defaultMemory.processBytes);
  return createEngine({ directory, confinement, memory: watchMemory(memory), log, ...options });
}

/** Writes the rows of a statement as a Parquet file. */
export async function writeParquet(path: string, sql: string, options = ""): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd${options})`);
  connection.closeSync();
  instance.closeSync();
}

/** A task that runs a statement over a file with one column of numbers, `n`. The file is written into the folder. */
export async function statementOn(folder: string, content: string, sql: string) {
  const csv = join(folder, `${randomUUID()}.csv`);
  const path = join(folder, `${randomUUID()}.parquet`);
  await writeFile(csv, content);
  await writeParquet(path, `FROM read_csv('${csv}', header = true, columns = {n: 'BIGINT'})`);
  const reading = { format: "parquet" as const };
  return { kind: "query" as const, path, fileName: "n.csv", reading, tableName: "n", sql, maxRows: 10 };
}
