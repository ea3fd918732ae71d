import type { TypedColumn } from "../protocol.ts";

/** Everything that the gate's result depends on. */
export type GatedStatement = {
  readonly sql: string;
  readonly tableName: string;
  readonly tableColumns: readonly TypedColumn[];
};

/** The gate's result for an accepted statement. */
export type GateResult = {
  /** Whether it is a DESCRIBE or a SUMMARIZE. */
  readonly describes: boolean;
  /** Whether it has the same result each time it runs on the same table. */
  readonly isRepeatable: boolean;
};

const statementsMax = 100;
/** Longer statements and wider tables are not cached: they are rarely repeated. */
const sqlCharactersMax = 10_000;
const columnsMax = 500;

const accepted = new Map<string, GateResult>();

/**
 * Caches the results of accepted statements. Dashboards repeat statements, and the gate takes longer than most of them.
 * Refusals are not cached.
 */
export async function gateOnce(
  { sql, tableName, tableColumns }: GatedStatement,
  gate: () => Promise<GateResult>,
): Promise<GateResult> {
  if (sql.length > sqlCharactersMax || tableColumns.length > columnsMax) return gate();
  const key = JSON.stringify([sql, tableName, tableColumns.map(({ name, dataType }) => [name, dataType])]);
  const known = accepted.get(key) ?? (await gate());
  // Moves the entry to the most recently used end.
  accepted.delete(key);
  accepted.set(key, known);
  const [oldest] = accepted.keys();
  if (accepted.size > statementsMax && oldest !== undefined) accepted.delete(oldest);
  return known;
}
