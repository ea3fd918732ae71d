import type { DuckDBConnection } from "@duckdb/node-api";
import { countNulls } from "../database/count-nulls.ts";
import { sliceOf } from "../database/file-reader.ts";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { statisticBytesMax } from "../parquet/column-values.ts";
import type { ColumnStats, RowRange, Task, TypedColumn } from "../protocol.ts";
import { literal } from "../sql-text.ts";

type StatisticsTask = Task & { kind: "statistics" };

/** Reads column statistics of parts of a Parquet file from its footer. */
export async function readStatistics(task: StatisticsTask): Promise<ColumnStats[][]> {
  const connection = await openSandbox(task);
  try {
    const leaves = await findLeaves(connection, task.path);
    const flat = task.columns.flatMap((column) => {
      const columnId = leaves.get(column.name);
      return columnId === undefined ? [] : [{ ...column, columnId }];
    });
    const known = await readFooter(connection, task, flat);
    const nested = task.columns.map(({ name }) => name).filter((name) => !leaves.has(name));
    const cuts: ColumnStats[][] = [];
    for (const [index, cut] of task.cuts.entries()) {
      const nulls = await countNulls(connection, rowsOf(task.path, cut.rows, task.columns), nested);
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
    // The process is reused.
    connection.closeSync();
  }
}

/** Indexes of the top-level scalar columns among the leaf columns of the file. */
async function findLeaves(connection: DuckDBConnection, path: string): Promise<Map<string, number>> {
  const elements = await readRows(
    connection,
    `SELECT name, num_children FROM parquet_schema(${literal(path)})`,
  );
  const leaves = new Map<string, number>();
  let columnId = 0;
  /** Remaining children of each enclosing group. */
  const open: number[] = [];
  for (const { name, num_children } of elements) {
    while (open.at(-1) === 0) open.pop();
    const depth = open.length;
    if (depth > 0) open[depth - 1] = (open[depth - 1] ?? 0) - 1;
    const children = Number(num_children ?? 0);
    // The first element is the root.
    if (depth === 0 || children > 0) {
      open.push(children);
      continue;
    }
    if (depth === 1) leaves.set(name as string, columnId);
    columnId += 1;
  }
  return leaves;
}

type Leaf = TypedColumn & { readonly columnId: number };

/**
 * Statistics by part and column. Columns of one type are aggregated together: separate aggregates would cost the square of
 * their number.
 */
async function readFooter(
  connection: DuckDBConnection,
  task: StatisticsTask,
  columns: readonly Leaf[],
): Promise<Map<string, ColumnStats>[]> {
  const known = task.cuts.map(() => new Map<string, ColumnStats>());
  if (columns.length === 0) return known;
  await loadFooter(connection, task, columns);
  for (const [dataType, leaves] of Map.groupBy(columns, (column) => column.dataType)) {
    await addLeaves(connection, known, dataType, leaves);
  }
  return known;
}

/** Parses the footer once for all types and parts. */
async function loadFooter(
  connection: DuckDBConnection,
  { path, cuts }: StatisticsTask,
  columns: readonly Leaf[],
): Promise<void> {
  const list = (numbers: readonly number[]) => `unnest([${numbers.join(", ")}]::BIGINT[])`;
  const firsts = list(cuts.map(({ groups }) => groups.from));
  const ends = list(cuts.map(({ groups }) => groups.to));
  await connection.run(
    "CREATE TEMP TABLE sluice_footer AS SELECT cut, column_id AS columnId, num_values, stats_null_count, " +
      "stats_min_value, stats_max_value, min_is_exact, max_is_exact " +
      `FROM parquet_metadata(${literal(path)}) JOIN ` +
      `(SELECT ${list([...cuts.keys()])} AS cut, ${firsts} AS first_group, ${ends} AS end_group) ` +
      "ON row_group_id >= first_group AND row_group_id < end_group " +
      `WHERE column_id IN (${columns.map(({ columnId }) => columnId).join(", ")})`,
  );
}

/** A row group without statistics could have a smaller or larger value. */
const isMissing = (statistic: string, isExact: string): string =>
  `bool_or(num_values > coalesce(stats_null_count, -1) AND (${statistic} IS NULL OR NOT coalesce(${isExact}, true)))`;

async function addLeaves(
  connection: DuckDBConnection,
  known: readonly Map<string, ColumnStats>[],
  dataType: string,
  leaves: readonly Leaf[],
): Promise<void> {
  const columnIds = leaves.map(({ columnId }) => columnId).join(", ");
  const rows = await readRows(
    connection,
    "SELECT cut, columnId, sum(stats_null_count) AS nulls, " +
      `CASE WHEN NOT ${isMissing("stats_min_value", "min_is_exact")} THEN min(stats_min_value::${dataType})::VARCHAR END AS min, ` +
      `CASE WHEN NOT ${isMissing("stats_max_value", "max_is_exact")} THEN max(stats_max_value::${dataType})::VARCHAR END AS max ` +
      `FROM temp.sluice_footer WHERE columnId IN (${columnIds}) GROUP BY cut, columnId`,
  );
  const names = new Map(leaves.map(({ name, columnId }) => [columnId, name]));
  for (const { cut, columnId, nulls, min, max } of rows) {
    const name = names.get(Number(columnId)) ?? "";
    known[Number(cut)]?.set(name, {
      name,
      nullCount: Number(nulls ?? 0),
      min: toText(min),
      max: toText(max),
    });
  }
}

/** Statistics are stored in PostgreSQL, whose texts can't contain NUL. */
const toText = (text: unknown): string | undefined =>
  typeof text === "string" && Buffer.byteLength(text) <= statisticBytesMax && !text.includes("\0")
    ? text
    : undefined;

/** DuckDB's name for the row number may be a column's; then the rows are counted from the start of the file. */
function rowsOf(path: string, rows: RowRange, columns: readonly TypedColumn[]): string {
  const isTaken = columns.some(({ name }) => name.toLowerCase() === "file_row_number");
  if (!isTaken) return sliceOf(path, { format: "parquet" }, rows);
  return `(FROM read_parquet(${literal(path)}) LIMIT ${rows.to - rows.from} OFFSET ${rows.from})`;
}
