import { executionTooLarge } from "../../../errors.ts";
import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { ResultSet } from "../session/result-set.ts";
import type { Session } from "../session/session.ts";
import { serverOf } from "../target/target.ts";
import { createRowReader } from "../wire/binary-row.ts";
import type { Parameter } from "../wire/execute-message.ts";
import { protocolViolation } from "../wire/protocol-violation.ts";
import { type ColumnReader, readerOf } from "./column-reader.ts";

/** Maximum of the rows of one statement about the catalog, in bytes. */
const bytesMax = 64 * 1024 * 1024;

/** Runs a statement of ours, and reads all its rows. */
export const readAll = async (session: Session, sql: string, parameters?: readonly Parameter[]) =>
  (await readTyped(session, sql, parameters)).rows;

/** Like readAll, with the names of the columns' types. */
export async function readTyped(
  session: Session,
  sql: string,
  parameters: readonly Parameter[] = [],
): Promise<{ typeNames: readonly string[]; rows: (EncodedValue | null)[][] }> {
  const result = await session.open(sql, parameters);
  const read = createReader(session, result, ({ encode }) => encode);
  const rows: (EncodedValue | null)[][] = [];
  let bytes = 0;
  for (let bodies = await result.next(); bodies; bodies = await result.next()) {
    for (const body of bodies) {
      bytes += body.length;
      if (bytes > bytesMax) throw catalogTooLarge();
      rows.push(read(body));
    }
  }
  const typeNames = result.columns.map((column) => readerOf(column, session.target.settings).typeName);
  return { typeNames, rows };
}

/** Reads rows of a result by one of the readers' functions. Throws for a row that does not fit the columns. */
export function createReader<T>(
  session: Session,
  { columns }: ResultSet,
  pick: (reader: ColumnReader) => (row: Buffer, start: number, end: number) => T,
): (body: Buffer) => (T | null)[] {
  const readers = columns.map((column) => readerOf(column, session.target.settings));
  const read = createRowReader(columns, readers.map(pick));
  return (body) => {
    const row = read(body);
    if (!row)
      throw protocolViolation(serverOf(session.target.settings), "a row that does not fit its columns");
    return row;
  };
}

const catalogTooLarge = () =>
  executionTooLarge(
    `the source's catalog takes more than ${bytesMax / 1024 ** 2} MiB: name some of its schemas in settings.schemas`,
  );
