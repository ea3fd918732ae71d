import {
  CostClassSchema,
  ExecutionService,
  type PlannedScan,
  type PlanQueryResponse,
  PlanQueryResponseSchema,
  QueryEngine,
} from "../../gen/sluice/orchestration/v1/executions_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { whole } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { readSql, resolveSubject, statementOptions } from "../query/read-statement.ts";
import { formatTable } from "../terminal/table.ts";
import { formatCount, formatEnum, formatSize } from "../terminal/value.ts";

export const plan = command({
  name: "plan",
  summary: "Show what a statement would read and move, without running it",
  details:
    "Numbers of rows and bytes are estimates. With --catalog, the statement is the first argument and names its tables as " +
    "source.schema.table.",
  args: ["[source]", "[sql]"],
  options: {
    ...statementOptions,
    maxRows: whole("n", "number of rows that the statement would run with (default: all)", { min: 1 }),
  },
  examples: [
    "plan --catalog 'SELECT region FROM warehouse.public.orders WHERE id < 100'",
    "plan weather 'SELECT count(*) FROM weather'",
    "plan --catalog - < report.sql",
  ],
  async run(call, args, { maxRows = 0, ...statement }) {
    const { given, ...subject } = await resolveSubject(call, args, statement);
    const sql = await readSql(call, given);
    if (sql === undefined)
      throw usageError("the statement is missing", "give it as an argument, or - and standard input");
    const client = await call.client(ExecutionService);
    const response = await client.planQuery({ ...subject, sql, maxRows }, { signal: call.signal });
    await call.show(PlanQueryResponseSchema, response, () => showPlan(call, response));
  },
});

const columns = [
  { title: "table" },
  { title: "where" },
  { title: "columns" },
  { title: "conditions at the source" },
  { title: "rows", align: "right" as const },
  { title: "size", align: "right" as const },
];

function showPlan({ terminal }: Call, response: PlanQueryResponse): void {
  const { scans, engine, movedBytesEstimate, movedRowsEstimate, costClass } = response;
  for (const line of formatTable(columns, scans.map(rowOf), terminal)) terminal.print(line);
  if (engine === QueryEngine.SOURCE) {
    terminal.note("The source runs the whole statement.");
    return;
  }
  const cost = formatEnum(CostClassSchema, costClass);
  const moved =
    movedRowsEstimate === undefined || movedBytesEstimate === undefined
      ? "an unknown number of rows"
      : `about ${formatCount(Number(movedRowsEstimate))} rows, ${formatSize(movedBytesEstimate)}`;
  terminal.note(`DuckDB runs the statement. Moved from databases: ${moved}. Cost: ${cost}.`);
}

function rowOf(scan: PlannedScan): string[] {
  const { sourceName, schemaName, tableName, connector, moved, filters, limit } = scan;
  const name = [sourceName, schemaName, tableName].filter((part) => part !== "").join(".");
  const conditions = [...filters, ...(limit === undefined ? [] : [`limit ${limit}`])];
  return [
    name,
    moved ? `${connector}, moved` : connector,
    scan.columns.join(", "),
    conditions.join(" and "),
    scan.rowsEstimate === undefined ? "" : formatCount(Number(scan.rowsEstimate)),
    scan.bytesEstimate === undefined ? "" : formatSize(scan.bytesEstimate),
  ];
}
