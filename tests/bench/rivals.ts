import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { lapOf } from "./peak-memory.ts";
import { missingForPython, pythonProgram } from "./python.ts";
import type { Lap, Racer } from "./race.ts";

/** Names of tasks in rivals.py. */
export type PythonWork = "duckdb_copy" | "duckdb_query" | "polars_sink" | "connectorx_parquet";

/** A Python rival, in a new process for each lap. */
export const byPython =
  (work: PythonWork, ...args: readonly string[]): Racer =>
  (lap) =>
    runRival(lap, pythonProgram, [join(import.meta.dirname, "rivals.py"), work, ...args]);

/** Names of tasks in node-rivals.ts, which needs only the project's dependencies. */
export type NodeWork = "duckdb_copy" | "duckdb_query" | "postgresql_copy";

export const byNode =
  (work: NodeWork, ...args: readonly string[]): Racer =>
  (lap) =>
    runRival(lap, process.execPath, [join(import.meta.dirname, "node-rivals.ts"), work, ...args]);

/** DuckDB for Python, which is newer; without Python, DuckDB for Node. */
export const byDuckdb = (work: "duckdb_copy" | "duckdb_query", ...args: readonly string[]): Racer =>
  missingForPython() ? byNode(work, ...args) : byPython(work, ...args);

async function runRival(
  { watched }: { watched: boolean },
  command: string,
  args: readonly string[],
): Promise<Lap> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  return lapOf({ watched }, [child.pid ?? 0], async () => {
    let output = "";
    for await (const text of child.stdout.setEncoding("utf8")) output += text;
    const [code] = await ended;
    if (code !== 0) throw new Error(`${args.slice(1, 2).join("")} ended with ${code}`);
    return (JSON.parse(output) as { seconds: number }).seconds;
  });
}
