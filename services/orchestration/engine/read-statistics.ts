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
    const flat = task.columns.flatMap((column) => {
      const place = leaves.get(column.name);
      return place === undefined ? [] : [{ ...column, place }];
    });
    const known = await readFoot(connection, task, flat);
    const nested = task.columns.filter(({ name }) => !leaves.has(name));
    const isNumbered = !task.columns.some(({ name }) => name.toLowerCase() === "file_row_number");
    const nulls = await countNulls(connection, task, nested, isNumbered);
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

type Leaf = TypedColumn & { readonly place: number };

/** Columns of one type are looked at together: each with its own aggregates would take the square of their number. */
async function readFoot(
  connection: DuckDBConnection,
  task: StatisticsTask,
  columns: readonly Leaf[],
): Promise<Map<string, ColumnStats>> {
  const known = new Map<string, ColumnStats>();
  for (const [dataType, leaves] of Map.groupBy(columns, (column) => column.dataType)) {
    for (const statistics of await readLeaves(connection, task, dataType, leaves)) {
      known.set(statistics.name, statistics);
    }
  }
  return known;
}

/** A row group whose statistics are not there could have a smaller value. */
const isMissing = (statistic: string, isExact: string): string =>
  `bool_or(num_values > coalesce(stats_null_count, -1) AND (${statistic} IS NULL OR NOT coalesce(${isExact}, true)))`;

async function readLeaves(
  connection: DuckDBConnection,
  { path, groups }: StatisticsTask,
  dataType: string,
  leaves: readonly Leaf[],
): Promise<ColumnStats[]> {
  const places = leaves.map(({ place }) => place).join(", ");
  const rows = await readRows(
    connection,
    "SELECT column_id AS place, sum(stats_null_count) AS nulls, " +
      `CASE WHEN NOT ${isMissing("stats_min_value", "min_is_exact")} THEN min(stats_min_value::${dataType})::VARCHAR END AS min, ` +
      `CASE WHEN NOT ${isMissing("stats_max_value", "max_is_exact")} THEN max(stats_max_value::${dataType})::VARCHAR END AS max ` +
      `FROM parquet_metadata(${literal(path)}) ` +
      `WHERE row_group_id BETWEEN ${groups.from} AND ${groups.to - 1} AND column_id IN (${places}) GROUP BY column_id`,
  );
  const found = new Map(rows.map((row) => [Number(row.place), row]));
  return leaves.map(({ name, place }) => {
    const row = found.get(place);
    return { name, nullCount: Number(row?.nulls ?? 0), min: toText(row?.min), max: toText(row?.max) };
  });
}

/** PostgreSQL, which keeps them, has no text with a NUL. */
const toText = (text: unknown): string | undefined =>
  typeof text === "string" && Buffer.byteLength(text) <= statisticBytesMax && !text.includes("\0")
    ? text
    : undefined;

/** Statistics are of single values only: what is missing of a list or a struct is counted in the rows. */
async function countNulls(
  connection: DuckDBConnection,
  { path, rows }: StatisticsTask,
  columns: readonly TypedColumn[],
  isNumbered: boolean,
): Promise<Map<string, number>> {
  if (columns.length === 0) return new Map();
  const counts = columns.map(({ name }, index) => `count(*) - count(${identifier(name)}) AS nulls${index}`);
  const { from, to } = rows;
  // DuckDB's own name for a row's place may be a column's: then they are counted from the beginning.
  const rowsOfGroups = isNumbered
    ? sliceOf(path, { format: "parquet" }, rows)
    : `(FROM read_parquet(${literal(path)}) LIMIT ${to - from} OFFSET ${from})`;
  const [row] = await readRows(connection, `SELECT ${counts.join(", ")} FROM ${rowsOfGroups}`);
  return new Map(columns.map(({ name }, index) => [name, Number(row?.[`nulls${index}`] ?? 0)]));
}
