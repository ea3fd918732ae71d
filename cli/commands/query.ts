import { text as readText } from "node:stream/consumers";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { flag, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { type ExportFormat, exportFormats, exportRows } from "../query/export-rows.ts";
import { runQuery } from "../query/run-query.ts";
import { resolveSource } from "../resolve/resolve-source.ts";

const rowsDefault = 100;

export const query = command({
  name: "query",
  summary: "Query a source with read-only SQL",
  details:
    "Without a statement, a terminal gets a prompt with a history. A table shows the first rows; --format writes all of them.",
  args: ["<source>", "[sql]"],
  options: {
    format: text("format", "write all rows in this format", { choices: exportFormats }),
    output: text("path", "file for --format instead of standard output", { short: "o" }),
    maxRows: whole("n", `number of rows (default ${rowsDefault} in a table, all with --format)`, { min: 1 }),
    noCache: flag("run the statement even if its result is kept; --format always does"),
    timeout: whole("seconds", "time for the statement (default 30)", { min: 1, max: 300 }),
  },
  examples: [
    "query weather 'SELECT weather, count(*) FROM weather GROUP BY weather'",
    "query weather 'SELECT * FROM weather' --format parquet -o weather.parquet",
    "query weather - --format csv < report.sql",
    "query weather",
  ],
  async run(call, [source, given], { format, output, maxRows, timeout, noCache }) {
    if (output !== undefined && format === undefined) throw usageError("--output needs --format");
    if (format !== undefined && call.json) throw usageError("--json and --format exclude each other");
    const timeoutSeconds = timeout ?? 30;
    const sourceId = await resolveSource(call, source);
    const sql = await readSql(call, given);
    if (sql === undefined) {
      const { promptQueries } = await import("../query/prompt.ts");
      return promptQueries(call, { sourceId, maxRows: maxRows ?? rowsDefault, timeoutSeconds, noCache });
    }
    if (format === undefined)
      return runQuery(call, { sourceId, sql, maxRows: maxRows ?? rowsDefault, timeoutSeconds, noCache });
    const wanted = {
      sourceId,
      sql,
      format: format as ExportFormat,
      maxRows: maxRows ?? 0,
      timeoutSeconds,
      output,
    };
    await exportRows(call, wanted);
  },
});

/** The statement; undefined if it is to be asked for. */
async function readSql(call: Call, given: string | undefined): Promise<string | undefined> {
  if (given !== undefined && given !== "-") return given;
  if (given === undefined && call.canAsk && call.terminal.showsPeople) return undefined;
  if (process.stdin.isTTY)
    throw usageError("the statement is missing", "give it as the second argument, or - and standard input");
  const sql = (await readText(process.stdin)).trim().replace(/;$/, "");
  if (sql === "") throw usageError("standard input has no statement");
  return sql;
}
