import type { DuckDBConnection } from "@duckdb/node-api";
import { openSandbox, readRows } from "../database/sandbox.ts";
import { EngineFailure } from "../engine-failure.ts";
import { rowGroupRows } from "../parquet/row-groups.ts";
import type { FileProblem, Preparation, PreparedColumn } from "../preparation.ts";
import type { Task } from "../protocol.ts";
import { identifier, literal } from "../sql-text.ts";
import { preparedName } from "../work-file-names.ts";
import { followFile } from "./follow-file.ts";
import { openReadable } from "./open-readable.ts";
import type { Readable, ReadableColumn } from "./readable.ts";

/** Faster to write than with DuckDB's defaults, and smaller. */
const parquetOptions =
  "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, RETURN_STATS, USE_TMP_FILE false";

/**
 * Reads all of a file and writes it as one Parquet file, in file order and with types that keep every value. A file that is
 * Parquet is only checked.
 */
export async function prepareFile(task: Task & { kind: "prepareFile" }): Promise<Preparation> {
  const connection = await openSandbox(task);
  try {
    const opened = await openReadable(task, connection);
    const [problem] = opened.problems;
    if (problem) throw new EngineFailure("sourceDataInvalid", describe(problem));
    const written = opened.paths[0] !== task.path || opened.found.format !== "parquet";
    const readable = task.isGuessing ? opened : (opened.fallback ?? opened);
    if (written) {
      // Rows that wait for a pipe would fill DuckDB's memory, so they are written to a file first.
      const copying = copy(connection, readable, preparedName);
      const sending = followFile(preparedName, task.outputPath, copying);
      // If both fail, the error of the copy is reported.
      sending.catch(() => {});
      check(readable, await copying);
      await sending;
    }
    const { found, rowCount, rowBytes, problems } = readable;
    const columns = readable.columns.map((column) => toPrepared(column, written));
    return { found, columns, rowCount, rowBytes, problems, written };
  } finally {
    // The process is reused.
    connection.closeSync();
  }
}

const describe = ({ line, column, message }: FileProblem): string =>
  [line && `line ${line}`, column && `column ${JSON.stringify(column)}`, message].filter(Boolean).join(": ");

/** Columns of the written file are read unchanged. */
function toPrepared(
  { name, dataType, nullable, form, note, expression }: ReadableColumn,
  written: boolean,
): PreparedColumn {
  return { name, dataType, nullable, form, note, expression: written ? identifier(name) : expression };
}

/** Number of written rows, and of nulls per scalar column. */
type Written = { readonly rowCount: number; readonly nullCounts: ReadonlyMap<string, number> };

async function copy(
  connection: DuckDBConnection,
  { columns, relation, rowBytes }: Readable,
  outputPath: string,
): Promise<Written> {
  const list = columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`).join(", ");
  const [row] = await readRows(
    connection,
    `COPY (SELECT ${list} FROM ${relation}) TO ${literal(outputPath)} ` +
      `(${parquetOptions}, ROW_GROUP_SIZE ${rowGroupRows(rowBytes)})`,
  );
  const statistics = (row?.column_statistics ?? []) as {
    key: string;
    value: { key: string; value: string }[];
  }[];
  return {
    rowCount: Number(row?.count),
    nullCounts: new Map(
      statistics.map(({ key, value }) => [
        key,
        Number(value.find((statistic) => statistic.key === "null_count")?.value),
      ]),
    ),
  };
}

/** Compares the counts of the scan with those of DuckDB. A difference would mean a changed value. */
function check(readable: Readable, { rowCount, nullCounts }: Written): void {
  if (rowCount !== readable.rowCount) {
    throw mismatch(`${readable.rowCount} rows were counted in it, and ${rowCount} were read`);
  }
  for (const { name, nullCount } of readable.columns) {
    const written = nullCounts.get(identifier(name));
    if (nullCount === undefined || written === undefined || nullCount === written) continue;
    const column = JSON.stringify(name);
    throw mismatch(
      `${nullCount} missing values were counted in its column ${column}, and ${written} were read`,
    );
  }
}

const mismatch = (what: string) => new EngineFailure("sourceDataInvalid", what);
