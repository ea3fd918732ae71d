import type { DuckDBConnection } from "@duckdb/node-api";
import { sliceOf } from "./file-reader.ts";
import type { ColumnStats, Task, TypedColumn } from "./protocol.ts";
import { openSandbox, readRows } from "./sandbox.ts";
import { identifier, literal } from "./sql-text.ts";

type StatisticsTask = Task & { kind: "statistics" };

/** What the foot of a Parquet file says of the columns in some row groups. */
export async function readStatistics(task: StatisticsTask): Promise<ColumnStats[]> {
  const connection = await openSandbox(task, async () => {});
  try {
    const leaves = await findLeaves(connection, task.path);
    const flat = task.columns.filter(({ name }) => leaves.has(name));
    const known = await readFoot(connection, task, flat, leaves);
    const nulls = await countNulls(
      connection,
      task,
      task.columns.filter(({ name }) => !leaves.has(name)),
    );
    return task.columns.map(
      ({ name }) =>
        known.get(name) ?? { name, nullCount: nulls.get(name) ?? 0, min: undefined, max: undefined },
    );
  } finally {
    // The process goes on to the next task.
    connection.closeSync();
  }
}

/** Places of the columns that are not nested among all that have values. */
async function findLeaves(connection: DuckDBConnection, path: string): Promise<Map<string, number>> {
  const elements = await readRows(
    connection,
    `SELECT name, num_children FROM parquet_schema(${literal(path)})`,
  );
  const leaves = new Map<string, number>();
  let place = 0;
  /** Elements that are still to come in each of the groups that the next one is in. */
  const open: number[] = [];
  for (const { name, num_children } of elements) {
    while (open.at(-1) === 0) open.pop();
    const depth = open.length;
    if (depth > 0) open[depth - 1] = (open[depth - 1] ?? 0) - 1;
    const children = Number(num_children ?? 0);
    // The first element stands for the row.
    if (depth === 0 || children > 0) {
      open.push(children);
      continue;
    }
    if (depth === 1) leaves.set(name as string, place);
    place += 1;
  }
  return leaves;
}

/** Of a longer text Parquet's statistics have its beginning as the smallest, and something behind it as the largest. */
const statisticBytesMax = 255;

async function readFoot(
  connection: DuckDBConnection,
  { path, groups }: StatisticsTask,
  columns: readonly TypedColumn[],
  leaves: ReadonlyMap<string, number>,
): Promise<Map<string, ColumnStats>> {
  if (columns.length === 0) return new Map();
  const aggregates = columns.flatMap(({ name, dataType }, index) => {
    const own = `column_id = ${leaves.get(name)}`;
    const typed = (statistic: string) => `CAST(CASE WHEN ${own} THEN ${statistic} END AS ${dataType})`;
    // A row group whose statistics are not there could have a smaller value.
    const missing = (statistic: string, exact: string) =>
      `coalesce(bool_or(${own} AND num_values > coalesce(stats_null_count, -1) AND ` +
      `(${statistic} IS NULL OR NOT coalesce(${exact}, true))), false)`;
    return [
      `sum(stats_null_count) FILTER (${own}) AS nulls${index}`,
      `CASE WHEN NOT ${missing("stats_min_value", "min_is_exact")} THEN min(${typed("stats_min_value")})::VARCHAR END AS min${index}`,
      `CASE WHEN NOT ${missing("stats_max_value", "max_is_exact")} THEN max(${typed("stats_max_value")})::VARCHAR END AS max${index}`,
    ];
  });
  const [row] = await readRows(
    connection,
    `SELECT ${aggregates.join(", ")} FROM parquet_metadata(${literal(path)}) ` +
      `WHERE row_group_id BETWEEN ${groups.from} AND ${groups.to - 1}`,
  );
  const known = (text: unknown) =>
    typeof text === "string" && Buffer.byteLength(text) <= statisticBytesMax ? text : undefined;
  return new Map(
    columns.map(({ name }, index) => [
      name,
      {
        name,
        nullCount: Number(row?.[`nulls${index}`] ?? 0),
        min: known(row?.[`min${index}`]),
        max: known(row?.[`max${index}`]),
      },
    ]),
  );
}

/** Statistics are of single values only: what is missing of a list or a struct is counted in the rows. */
async function countNulls(
  connection: DuckDBConnection,
  { path, rows }: StatisticsTask,
  columns: readonly TypedColumn[],
): Promise<Map<string, number>> {
  if (columns.length === 0) return new Map();
  const counts = columns.map(({ name }, index) => `count(*) - count(${identifier(name)}) AS nulls${index}`);
  const rowsOfGroups = sliceOf(path, { format: "parquet" }, rows);
  const [row] = await readRows(connection, `SELECT ${counts.join(", ")} FROM ${rowsOfGroups}`);
  return new Map(columns.map(({ name }, index) => [name, Number(row?.[`nulls${index}`] ?? 0)]));
}
