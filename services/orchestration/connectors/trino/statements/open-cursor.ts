import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { Cursor, FetchedRows } from "../../sql/row-source.ts";
import { readerOf } from "../catalog/column-reader.ts";
import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import type { Cell } from "../wire/results.ts";
import { openRows } from "./open-rows.ts";

/** Starts a statement and reads its first rows. The server waits for the next fetch. */
export async function openCursor(session: Session, sql: string, rowCount: number): Promise<Cursor> {
  const result = await openRows(session, sql);
  const readers = result.columns.map(readerOf);
  const take = createTaker(result);
  async function fetch(count: number): Promise<FetchedRows> {
    const rows = await take(count);
    const encode = (row: readonly Cell[]): EncodedValue[] =>
      readers.map((reader, index) => {
        const cell = row[index] ?? "null";
        return cell === "null" ? null : reader.encode(cell);
      });
    return {
      rowCount: rows.length,
      rows: rows.values().map(encode),
      sizeBytes: rows.reduce((sum, row) => sum + row.reduce((size, cell) => size + cell.length, 0), 0),
    };
  }
  return {
    columns: result.columns.map(({ name, type }) => ({ name, dataType: type })),
    first: await fetch(rowCount),
    fetch,
  };
}

/** Takes a number of rows; fewer only at the end. */
function createTaker(result: ResultSet): (count: number) => Promise<(readonly Cell[])[]> {
  let waiting: readonly (readonly Cell[])[] = [];
  return async (count) => {
    const taken: (readonly Cell[])[] = [];
    while (taken.length < count) {
      if (waiting.length === 0) {
        const more = await result.next();
        if (!more) break;
        waiting = more.rows;
      }
      const missing = count - taken.length;
      taken.push(...waiting.slice(0, missing));
      waiting = waiting.slice(missing);
    }
    return taken;
  };
}
