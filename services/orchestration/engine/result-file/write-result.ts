import type { DuckDBConnection } from "@duckdb/node-api";
import { readRows } from "../database/sandbox.ts";
import type { TypedColumn, WrittenResult } from "../protocol.ts";
import { literal } from "../sql-text.ts";
import { writeArrow } from "./arrow-file.ts";
import { openRelation, type Relation, type ResultTask } from "./result-relation.ts";
import { type ResultSelect, selectFor } from "./result-select.ts";

/** Writes the rows of a result, up to a limit, into one file. After a failure the file is incomplete and must not be used. */
export async function writeResult(task: ResultTask): Promise<WrittenResult> {
  const relation = await openRelation(task);
  const { connection, columns } = relation;
  try {
    const select = selectFor(task.format, columns);
    const { from, truncated } = await limitRows(relation, task);
    const rowCount = await write(connection, task, select, from);
    return { columns: columns.map(toTypedColumn), rowCount, truncated };
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}

const toTypedColumn = ({ name, type }: Relation["columns"][number]): TypedColumn => ({
  name,
  dataType: type.alias ?? type.toString(),
});

/**
 * Only reading one more row shows whether rows are left out, so limited results go through a table. Arrow results do too: a
 * streamed result of a failing statement ends without an error.
 */
async function limitRows(
  { connection, source, columns }: Relation,
  { maxRows, format }: ResultTask,
): Promise<{ from: string; truncated: boolean }> {
  if (maxRows === undefined && format !== "arrow") return { from: source, truncated: false };
  const aliases = columns.map(({ alias }) => alias).join(", ");
  const limit = maxRows === undefined ? "" : ` LIMIT ${maxRows + 1}`;
  await connection.run(`CREATE TEMP TABLE sluice_rows AS SELECT ${aliases} FROM ${source}${limit}`);
  if (maxRows === undefined) return { from: "temp.sluice_rows", truncated: false };
  const [row] = await readRows(connection, "SELECT count(*) AS count FROM temp.sluice_rows");
  return {
    from: `(FROM temp.sluice_rows LIMIT ${maxRows})`,
    truncated: Number(row?.count) > maxRows,
  };
}

/** Returns the number of rows. */
async function write(
  connection: DuckDBConnection,
  { format, outputPath }: ResultTask,
  select: ResultSelect,
  from: string,
): Promise<number> {
  const statement = `SELECT ${select.list} FROM ${from}`;
  if (format === "arrow") return writeArrow(await connection.stream(statement), select.columns, outputPath);
  const copy = `COPY (${statement}) TO ${literal(outputPath)} (${copyOptions[format]}, USE_TMP_FILE false)`;
  const [written] = await readRows(connection, copy);
  return Number(written?.Count);
}

/** The header of a CSV is written elsewhere, because DuckDB renames duplicate columns. */
const copyOptions = {
  csv: "FORMAT csv, HEADER false, NULLSTR ''",
  // The lines are already encoded: the CSV writer must not quote or escape.
  ndjson: "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\n'",
  parquet: "FORMAT parquet, COMPRESSION zstd",
} as const;
