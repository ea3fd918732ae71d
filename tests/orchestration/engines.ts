import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createLog } from "../../services/lib/log.ts";
import { findConfinement } from "../../services/orchestration/confinement/find-confinement.ts";
import { createEngine, type Engine, type EngineOptions } from "../../services/orchestration/engine/engine.ts";
import { createMemoryWatch, type MemoryLimits } from "../../services/orchestration/engine/memory-watch.ts";

const defaultMemory: MemoryLimits = { processBytes: 1536 * 1024 ** 2, totalBytes: 6 * 1024 ** 3 };

/** Nothing that a test does needs more. */
export const watchMemory = (limits = defaultMemory) => createMemoryWatch(limits);

/** An engine as the service has it, in a folder of its own. */
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

/** The task that runs a statement over a CSV of one column of numbers, `n`, which is written into a folder. */
export async function statementOn(folder: string, content: string, sql: string) {
  const path = join(folder, `${randomUUID()}.csv`);
  await writeFile(path, content);
  const columns = [{ name: "n", dataType: "BIGINT" }];
  const formats = { dateFormat: undefined, timestampFormat: undefined };
  const reading = { format: "csv" as const, delimiter: ",", header: true, columns, ...formats };
  return { kind: "query" as const, path, fileName: "n.csv", reading, tableName: "n", sql, maxRows: 10 };
}
