import { command } from "../command/command.ts";
import { flag, text, whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { type ExportFormat, exportFormats, exportRows } from "../query/export-rows.ts";
import { readSql, resolveSubject, statementOptions } from "../query/read-statement.ts";
import { runQuery } from "../query/run-query.ts";

const rowsDefault = 100;

export const query = command({
  name: "query",
  summary: "Query a source, or tables of several, with read-only SQL",
  details:
    "Without a statement, a terminal gets a prompt with a history. A table shows the first rows; --format writes all of them. " +
    "With --catalog, the statement is the first argument and names its tables as source.schema.table.",
  args: ["[source]", "[sql]"],
  options: {
    ...statementOptions,
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
    "query --catalog 'SELECT count(*) FROM warehouse.public.orders o JOIN regions.regions r ON r.id = o.region'",
  ],
  async run(call, args, { format, output, maxRows, timeout, noCache, ...statement }) {
    if (output !== undefined && format === undefined) throw usageError("--output needs --format");
    if (format !== undefined && call.json) throw usageError("--json and --format exclude each other");
    const timeoutSeconds = timeout ?? 30;
    const { given, ...subject } = await resolveSubject(call, args, statement);
    const sql = await readSql(call, given);
    if (sql === undefined) {
      const { promptQueries } = await import("../query/prompt.ts");
      return promptQueries(call, { ...subject, maxRows: maxRows ?? rowsDefault, timeoutSeconds, noCache });
    }
    if (format === undefined)
      return runQuery(call, { ...subject, sql, maxRows: maxRows ?? rowsDefault, timeoutSeconds, noCache });
    const wanted = {
      ...subject,
      sql,
      format: format as ExportFormat,
      maxRows: maxRows ?? 0,
      timeoutSeconds,
      output,
    };
    await exportRows(call, wanted);
  },
});
