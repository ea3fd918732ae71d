import type { DuckDBConnection } from "@duckdb/node-api";
import { sliceOf } from "../database/file-reader.ts";
import type { ColumnStats, RowRange, Task, TypedColumn } from "../protocol.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { identifier, literal } from "../sql-text.ts";

type StatisticsTask = Task & { kind: "statistics" };

/** What the foot of a Parquet file says of the columns in each of some cuts. */
export async function readStatistics(task: StatisticsTask): Promise<ColumnStats[][]> {
  const connection = await openSandbox(task);
  try {
    const leaves = await findLeaves(connection, task.path);
    const flat = task.columns.flatMap((column) => {
      const place = leaves.get(column.name);
      return place === undefined ? [] : [{ ...column, place }];
    });
    const known = await readFoot(connection, task, flat);
    const nested = task.columns.filter(({ name }) => !leaves.has(name));
    const isNumbered = !task.columns.some(({ name }) => name.toLowerCase() === "file_row_number");
    const cuts: ColumnStats[][] = [];
    for (const [index, cut] of task.cuts.entries()) {
      const nulls = await countNulls(connection, { path: task.path, rows: cut.rows }, nested, isNumbered);
      cuts.push(
        task.columns.map(
          ({ name }) =>
            known[index]?.get(name) ?? {
              name,
              nullCount: nulls.get(name) ?? 0,
              min: undefined,
              max: undefined,
            },
        ),
      );
    }
    return cuts;
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

/**
 * What the foot says of each cut's columns. Columns of one type are looked at together: each with its own aggregates would
 * take the square of their number.
 */
async function readFoot(
  connection: DuckDBConnection,
  task: StatisticsTask,
  columns: readonly Leaf[],
): Promise<Map<string, ColumnStats>[]> {
  const known = task.cuts.map(() => new Map<string, ColumnStats>());
  if (columns.length === 0) return known;
  await loadFoot(connection, task, columns);
  for (const [dataType, leaves] of Map.groupBy(columns, (column) => column.dataType)) {
    await addLeaves(connection, known, dataType, leaves);
  }
  return known;
}

/** The foot is parsed once, for all types and cuts. */
async function loadFoot(
  connection: DuckDBConnection,
  { path, cuts }: StatisticsTask,
  columns: readonly Leaf[],
): Promise<void> {
  const list = (numbers: readonly number[]) => `unnest([${numbers.join(", ")}]::BIGINT[])`;
  const firsts = list(cuts.map(({ groups }) => groups.from));
  const ends = list(cuts.map(({ groups }) => groups.to));
  await connection.run(
    "CREATE TEMP TABLE sluice_foot AS SELECT cut, column_id AS place, num_values, stats_null_count, " +
      "stats_min_value, stats_max_value, min_is_exact, max_is_exact " +
      `FROM parquet_metadata(${literal(path)}) JOIN ` +
      `(SELECT ${list([...cuts.keys()])} AS cut, ${firsts} AS first_group, ${ends} AS end_group) ` +
      "ON row_group_id >= first_group AND row_group_id < end_group " +
      `WHERE column_id IN (${columns.map(({ place }) => place).join(", ")})`,
  );
}

/** A row group whose statistics are not there could have a smaller value. */
const isMissing = (statistic: string, isExact: string): string =>
  `bool_or(num_values > coalesce(stats_null_count, -1) AND (${statistic} IS NULL OR NOT coalesce(${isExact}, true)))`;

async function addLeaves(
  connection: DuckDBConnection,
  known: readonly Map<string, ColumnStats>[],
  dataType: string,
  leaves: readonly Leaf[],
): Promise<void> {
  const places = leaves.map(({ place }) => place).join(", ");
  const rows = await readRows(
    connection,
    "SELECT cut, place, sum(stats_null_count) AS nulls, " +
      `CASE WHEN NOT ${isMissing("stats_min_value", "min_is_exact")} THEN min(stats_min_value::${dataType})::VARCHAR END AS min, ` +
      `CASE WHEN NOT ${isMissing("stats_max_value", "max_is_exact")} THEN max(stats_max_value::${dataType})::VARCHAR END AS max ` +
      `FROM temp.sluice_foot WHERE place IN (${places}) GROUP BY cut, place`,
  );
  const names = new Map(leaves.map(({ name, place }) => [place, name]));
  for (const { cut, place, nulls, min, max } of rows) {
    const name = names.get(Number(place)) ?? "";
    known[Number(cut)]?.set(name, {
      name,
      nullCount: Number(nulls ?? 0),
      min: toText(min),
      max: toText(max),
    });
  }
}

/** PostgreSQL, which keeps them, has no text with a NUL. */
const toText = (text: unknown): string | undefined =>
  typeof text === "string" && Buffer.byteLength(text) <= statisticBytesMax && !text.includes("\0")
    ? text
    : undefined;

/** Statistics are of single values only: what is missing of a list or a struct is counted in the rows. */
async function countNulls(
  connection: DuckDBConnection,
  { path, rows }: { readonly path: string; readonly rows: RowRange },
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
