import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { Cursor, FetchedRows } from "../../sql/row-source.ts";
import { readerOf } from "../catalog/column-reader.ts";
import { createReader } from "../catalog/read-all.ts";
import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { openRows, withStatementFailures } from "./open-rows.ts";

/** Starts a statement in the session's transaction and reads its first rows. The server waits for the next fetch. */
export async function openCursor(
  session: Session,
  sql: string,
  rowCount: number,
  rowsMax: number | undefined,
): Promise<Cursor> {
  const result = await openRows(session, sql, rowsMax);
  const readers = result.columns.map((column) => readerOf(column, session.target.settings));
  const read = createReader<EncodedValue>(session, result, ({ encode }) => encode);
  const take = createTaker(result);
  const fetch = async (count: number) => toFetched(await withStatementFailures(() => take(count)), read);
  return {
    columns: result.columns.map(({ name }, index) => ({ name, dataType: readers[index]?.typeName ?? "" })),
    first: await fetch(rowCount),
    fetch,
  };
}

/** Takes a number of rows; fewer only at the end. */
function createTaker(result: ResultSet): (count: number) => Promise<Buffer[]> {
  let waiting: Buffer[] = [];
  return async (count) => {
    const taken: Buffer[] = [];
    while (taken.length < count) {
      if (waiting.length === 0) {
        const more = await result.next();
        if (!more) break;
        waiting = more;
      }
      const missing = count - taken.length;
      taken.push(...waiting.slice(0, missing));
      waiting = waiting.slice(missing);
    }
    // Learns whether this was the end.
    if (waiting.length === 0) waiting = (await result.next()) ?? [];
    return taken;
  };
}

const toFetched = (
  bodies: readonly Buffer[],
  read: (body: Buffer) => (EncodedValue | null)[],
): FetchedRows => ({
  rowCount: bodies.length,
  rows: bodies.values().map(read),
  sizeBytes: bodies.reduce((sum, { length }) => sum + length, 0),
});
