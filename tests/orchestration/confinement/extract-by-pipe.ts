import { join } from "node:path";
import { extract } from "../../../services/orchestration/engine/extract.ts";
import { feedPipe } from "../../../services/orchestration/engine/pipes/feed-pipe.ts";
import { startEngine, statementOn } from "../engines.ts";

// Queries a file, extracts rows that arrive as CSV through a pipe, and prints both results. Runs as its current user. Argument: a
// folder of its own.

const [folder = ""] = process.argv.slice(2);
await using engine = await startEngine(join(folder, "engine"));
const limit = { signal: AbortSignal.timeout(60_000), timeoutMs: 60_000 };
const queried = await engine.run(await statementOn(folder, "n\n1\n2\n", "SELECT sum(n) FROM n"), limit);
const task = {
  fileName: "rows",
  reading: {
    format: "copy" as const,
    encoding: "csv" as const,
    columns: [{ name: "n", dataType: "BIGINT" }],
  },
  rows: undefined,
  rowBytes: 8,
  columns: [{ name: "n", expression: "n" }],
  format: "csv" as const,
};
const feed = async (path: string, signal: AbortSignal) =>
  feedPipe(path, signal, async (pipe) => void pipe.write("1\n2\n3\n"));
const chunks = await Array.fromAsync(extract(engine, { feed }, task, limit));
console.log(JSON.stringify({ queried, extracted: Buffer.concat(chunks).toString() }));
