import { executionTooLarge } from "../../errors.ts";
import { createBoundedRows, RowTooLargeError } from "../../results/bounded-rows.ts";
import type { QueryResult } from "../../results/query-result.ts";
import type { SpelledValue } from "../../results/spelled-value.ts";
import type { Query } from "../connector.ts";
import { toStatementFailure } from "./failures.ts";
import type { Ask } from "./session.ts";
import { readTypes, type TextSpeller } from "./types.ts";

/**
 * Stands in front of the statement: a cursor takes one SELECT, VALUES, WITH or TABLE and nothing that writes, and the
 * server's own parser decides what is one.
 */
const declare = "declare sluice no scroll cursor for ";

const firstBatchRows = 10;
const batchRowsMax = 1000;
/** What a batch should take, judged by the rows before it. */
const batchBytes = 1024 * 1024;

type RawRow = readonly (Buffer | null)[];
type Column = { readonly name: string; readonly type: number };

/** Runs the statement in the session's transaction, and reads no more of its rows than are answered. */
export async function queryRows(ask: Ask, { sql, maxRows }: Query): Promise<QueryResult> {
  await statement(sql, () => ask(declare + sql));
  const kept = createBoundedRows(maxRows);
  let batchRows = Math.min(firstBatchRows, maxRows + 1);
  const first = await fetchRows(ask, sql, batchRows);
  const types = await readTypes(
    ask,
    first.columns.map(({ type }) => type),
  );
  const columns = first.columns.map(({ name, type }) => ({ name, dataType: types.nameOf(type) }));
  const spellers = first.columns.map(({ type }) => types.spellerOf(type));
  let { rows } = first;
  while (pushAll(kept, rows, spellers) && rows.length === batchRows) {
    batchRows = nextBatch(rows, maxRows + 1 - kept.rows.length);
    ({ rows } = await fetchRows(ask, sql, batchRows));
  }
  return { columns, rows: kept.rows, truncated: kept.truncated };
}

async function fetchRows(
  ask: Ask,
  sql: string,
  count: number,
): Promise<{ columns: Column[]; rows: RawRow[] }> {
  const rows = await statement(sql, () => ask(`fetch forward ${count} from sluice`).raw());
  return { columns: rows.columns as unknown as Column[], rows: rows as unknown as RawRow[] };
}

async function statement<T>(sql: string, work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStatementFailure(error, sql, declare.length);
  }
}

function pushAll(
  kept: ReturnType<typeof createBoundedRows>,
  rows: readonly RawRow[],
  spellers: readonly TextSpeller[],
): boolean {
  try {
    return rows.every((row) => kept.push(row.map((value, index) => spell(value, spellers[index]))));
  } catch (error) {
    throw error instanceof RowTooLargeError ? executionTooLarge(error.message) : error;
  }
}

const spell = (value: Buffer | null, speller: TextSpeller | undefined): SpelledValue =>
  value === null ? null : (speller?.(value.toString()) ?? null);

function nextBatch(rows: readonly RawRow[], rowsLeft: number): number {
  const bytes = rows.reduce(
    (sum, row) => sum + row.reduce((wide, value) => wide + (value?.length ?? 0), 1),
    1,
  );
  const fitting = Math.max(1, Math.floor((batchBytes * rows.length) / bytes));
  return Math.min(fitting, rows.length * 2, batchRowsMax, rowsLeft);
}
