import type { ColumnBatch, Statement } from "../../sql/row-source.ts";
import { readerOf } from "../catalog/column-reader.ts";
import { createReader } from "../catalog/read-all.ts";
import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { openRows, withStatementFailures } from "./open-rows.ts";

/** Starts a statement whose rows are all read. */
export async function openStatement(
  session: Session,
  sql: string,
  rowsMax: number | undefined,
): Promise<Statement> {
  const result = await openRows(session, sql, rowsMax);
  const readers = result.columns.map((column) => readerOf(column, session.target.settings));
  return {
    columns: readers.map(({ read, write, dataType, typeName }, index) => ({
      name: result.columns[index]?.name ?? "",
      read,
      write,
      // As ExecuteQuery encodes it.
      dataType: typeName === "json" ? "JSON" : dataType,
    })),
    rows: { batches: batchesOf(session, result, withStatementFailures, rowsMax) },
  };
}

/** Rows of a result as text for the engine, up to a number of them. `guard` maps the failures of the server. */
export async function* batchesOf(
  session: Session,
  result: ResultSet,
  guard: <T>(work: () => Promise<T>) => Promise<T>,
  rowsMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<ColumnBatch> {
  const read = createReader<string | null>(session, result, ({ text }) => text);
  let left = rowsMax;
  try {
    while (left > 0) {
      const bodies = await guard(() => result.next());
      if (!bodies) return;
      const rows = bodies.slice(0, Math.min(left, bodies.length)).map(read);
      left -= rows.length;
      yield {
        rowCount: rows.length,
        columns: result.columns.map((_, index) => rows.map((row) => row[index] ?? null)),
      };
    }
  } finally {
    await session.stop(result);
  }
}
