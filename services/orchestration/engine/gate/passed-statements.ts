import type { TypedColumn } from "../protocol.ts";

/** A statement over a table: all that decides what the gate says of it. */
export type StatementOnTable = {
  readonly sql: string;
  readonly tableName: string;
  readonly tableColumns: readonly TypedColumn[];
};

/** What became known of a statement that has passed the gate. */
export type PassedStatement = { readonly describes: boolean; readonly columns: readonly TypedColumn[] };

const statementsMax = 100;
/** Longer ones are not asked again and again. */
const sqlCharactersMax = 10_000;

const passed = new Map<string, PassedStatement>();

/**
 * Answers what `gate` says of a statement, from memory where it has passed before: dashboards ask the same ones, and the gate
 * takes longer than most of them. Of what is refused nothing is kept.
 */
export async function passOnce(
  statement: StatementOnTable,
  gate: () => Promise<PassedStatement>,
): Promise<PassedStatement> {
  if (statement.sql.length > sqlCharactersMax) return gate();
  const { sql, tableName, tableColumns } = statement;
  const key = JSON.stringify([sql, tableName, tableColumns.map(({ name, dataType }) => [name, dataType])]);
  const known = passed.get(key) ?? (await gate());
  // The one used last stands last.
  passed.delete(key);
  passed.set(key, known);
  const [oldest] = passed.keys();
  if (passed.size > statementsMax && oldest !== undefined) passed.delete(oldest);
  return known;
}
