import type { EncodedValue } from "../../../results/encoded-value.ts";
import type { Cursor, FetchedRows } from "../../sql/row-source.ts";
import { readTypes, type TextDecoder } from "../catalog/types.ts";
import { toStatementFailure } from "../session/failures.ts";
import type { Execute } from "../session/session.ts";

/**
 * Prefix of the statement. A cursor accepts one SELECT, VALUES, WITH or TABLE and nothing that writes. The server's own
 * parser decides.
 */
const declare = "declare sluice no scroll cursor for ";

type RawRow = readonly (Buffer | null)[];
type Column = { readonly name: string; readonly type: number };

/** Declares a cursor in the session's transaction and fetches its first rows. */
export async function openCursor(execute: Execute, sql: string, rowCount: number): Promise<Cursor> {
  await withStatementFailures(sql, () => execute(declare + sql));
  const first = await fetchRows(execute, sql, rowCount);
  const types = await readTypes(
    execute,
    first.columns.map(({ type }) => type),
  );
  const decoders = first.columns.map(({ type }) => types.decoderOf(type));
  return {
    columns: first.columns.map(({ name, type }) => ({ name, dataType: types.nameOf(type) })),
    first: decodeRows(first.rows, decoders),
    fetch: async (count) => decodeRows((await fetchRows(execute, sql, count)).rows, decoders),
  };
}

async function fetchRows(
  execute: Execute,
  sql: string,
  count: number,
): Promise<{ columns: Column[]; rows: RawRow[] }> {
  const rows = await withStatementFailures(sql, () => execute(`fetch forward ${count} from sluice`).raw());
  return { columns: rows.columns as unknown as Column[], rows: rows as unknown as RawRow[] };
}

async function withStatementFailures<T>(sql: string, work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStatementFailure(error, sql, declare.length);
  }
}

const decodeRows = (rows: readonly RawRow[], decoders: readonly TextDecoder[]): FetchedRows => ({
  rowCount: rows.length,
  rows: rows.values().map((row) => row.map((value, index) => decode(value, decoders[index]))),
  sizeBytes: rows.reduce((sum, row) => row.reduce((wide, value) => wide + (value?.length ?? 0), sum + 1), 0),
});

const decode = (value: Buffer | null, decoder: TextDecoder | undefined): EncodedValue =>
  value === null ? null : (decoder?.(value.toString()) ?? null);
