import type { ColumnBatch, Statement } from "../../sql/row-source.ts";
import { type ColumnReader, readerOf } from "../catalog/column-reader.ts";
import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { openRows } from "./open-rows.ts";

/** Starts a statement whose rows are all read. */
export async function openStatement(
  session: Session,
  sql: string,
  rowsMax: number | undefined,
): Promise<Statement> {
  const result = await openRows(session, sql);
  const readers = result.columns.map(readerOf);
  return {
    columns: readers.map(({ read, write, dataType }, index) => {
      const { name = "", type = "" } = result.columns[index] ?? {};
      // As ExecuteQuery encodes it.
      return { name, read, write, dataType: type === "json" ? "JSON" : dataType };
    }),
    rows: { batches: batchesOf(result, readers, rowsMax) },
  };
}

/** Rows of a result as text for the engine, up to a number of them. */
export async function* batchesOf(
  result: ResultSet,
  readers: readonly ColumnReader[],
  rowsMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<ColumnBatch> {
  let left = rowsMax;
  try {
    while (left > 0) {
      const found = await result.next();
      if (!found) return;
      const rows = found.rows.slice(0, Math.min(left, found.rows.length));
      left -= rows.length;
      yield {
        rowCount: rows.length,
        columns: readers.map((reader, index) =>
          rows.map((row) => {
            const cell = row[index] ?? "null";
            return cell === "null" ? null : reader.text(cell);
          }),
        ),
      };
    }
  } finally {
    await result.stop();
  }
}
