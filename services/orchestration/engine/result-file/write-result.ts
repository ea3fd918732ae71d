import type { DuckDBConnection } from "@duckdb/node-api";
import type { TypedColumn, WrittenResult } from "../protocol.ts";
import { readRows } from "../database/sandbox.ts";
import { literal } from "../sql-text.ts";
import { writeArrow } from "./arrow-file.ts";
import { openRelation, type Relation, type ResultTask } from "./result-relation.ts";
import { type ResultSelect, selectFor } from "./result-select.ts";

/** Writes all rows of a result, or as many as are asked for, into one file. What fails leaves a file that nobody may use. */
export async function writeResult(task: ResultTask): Promise<WrittenResult> {
  const relation = await openRelation(task);
  const { connection, columns } = relation;
  try {
    const select = selectFor(task.format, columns);
    const { from, truncated } = await limitRows(relation, task);
    const rowCount = await write(connection, task, select, from);
    return { columns: columns.map(toTypedColumn), rowCount, truncated };
  } finally {
    // The process goes on to the next task.
    connection.closeSync();
  }
}

const toTypedColumn = ({ name, type }: Relation["columns"][number]): TypedColumn => ({
  name,
  dataType: type.alias ?? type.toString(),
});

/**
 * Where the rows come from. Whether there are more than are asked for is known only when one more was read, so they go into a
 * table first. So do the rows of Arrow: a result that is streamed ends without a word when its statement fails.
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

/** Answers how many rows were written. */
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

/** The header of a CSV is not DuckDB's, which would rename one of two columns of the same name. */
const copyOptions = {
  csv: "FORMAT csv, HEADER false, NULLSTR ''",
  // Lines as they are: no character of them means anything to the writer.
  ndjson: "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\n'",
  parquet: "FORMAT parquet, COMPRESSION zstd",
} as const;
