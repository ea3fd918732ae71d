import { executionTooLarge } from "../../errors.ts";
import { type BoundedRows, createBoundedRows, RowTooLargeError } from "../../results/bounded-rows.ts";
import type { QueryResult } from "../../results/query-result.ts";
import type { Query } from "../connector.ts";
import type { FetchedRows, SqlSession } from "./row-source.ts";

const firstBatchRows = 10;
const batchRowsMax = 1000;
/** Target size of a batch, estimated from the one before. */
const batchBytes = 1024 * 1024;

/** Runs a statement in a session and fetches no more rows than are returned. */
export const queryRows =
  ({ sql, maxRows }: Query) =>
  async (session: SqlSession): Promise<QueryResult> => {
    const kept = createBoundedRows(maxRows);
    let batchRows = Math.min(firstBatchRows, maxRows + 1);
    const cursor = await session.openCursor(sql, batchRows, maxRows + 1);
    let fetched = cursor.first;
    while (pushAll(kept, fetched) && fetched.rowCount === batchRows) {
      batchRows = nextBatch(fetched, maxRows + 1 - kept.rows.length);
      fetched = await cursor.fetch(batchRows);
    }
    return { columns: cursor.columns, rows: kept.rows, truncated: kept.truncated };
  };

function pushAll(kept: BoundedRows, { rows }: FetchedRows): boolean {
  try {
    for (const row of rows) if (!kept.push(row)) return false;
    return true;
  } catch (error) {
    throw error instanceof RowTooLargeError ? executionTooLarge(error.message) : error;
  }
}

function nextBatch({ rowCount, sizeBytes }: FetchedRows, rowsLeft: number): number {
  const fitting = Math.max(1, Math.floor((batchBytes * rowCount) / Math.max(1, sizeBytes)));
  return Math.min(fitting, rowCount * 2, batchRowsMax, rowsLeft);
}
