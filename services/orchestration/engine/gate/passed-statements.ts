import type { TypedColumn } from "../protocol.ts";

/** A statement over a table: all that decides what the gate says of it. */
export type StatementOnTable = {
  readonly sql: string;
  readonly tableName: string;
  readonly tableColumns: readonly TypedColumn[];
};

/** What the gate says of a statement that it lets through. */
export type Passed = { readonly describes: boolean };

const statementsMax = 100;
/** Longer ones, and those over wider tables, are not asked again and again. */
const sqlCharactersMax = 10_000;
const columnsMax = 500;

const passed = new Map<string, Passed>();

/**
 * Answers what `gate` says of a statement, from memory where it has passed before: dashboards ask the same ones, and the gate
 * takes longer than most of them. Of what is refused nothing is kept.
 */
export async function passOnce(
  { sql, tableName, tableColumns }: StatementOnTable,
  gate: () => Promise<Passed>,
): Promise<Passed> {
  if (sql.length > sqlCharactersMax || tableColumns.length > columnsMax) return gate();
  const key = JSON.stringify([sql, tableName, tableColumns.map(({ name, dataType }) => [name, dataType])]);
  const known = passed.get(key) ?? (await gate());
  // The one used last stands last.
  passed.delete(key);
  passed.set(key, known);
  const [oldest] = passed.keys();
  if (passed.size > statementsMax && oldest !== undefined) passed.delete(oldest);
  return known;
}
