import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier } from "../sql-text.ts";
import { readRows } from "./sandbox.ts";

/** Counts the missing values of columns by reading a relation. Parquet has statistics of scalar columns only. */
export async function countNulls(
  connection: DuckDBConnection,
  relation: string,
  names: readonly string[],
): Promise<Map<string, number>> {
  if (names.length === 0) return new Map();
  const counts = names.map((name, index) => `count(*) - count(${identifier(name)}) AS nulls${index}`);
  const [row] = await readRows(connection, `SELECT ${counts.join(", ")} FROM ${relation}`);
  return new Map(names.map((name, index) => [name, Number(row?.[`nulls${index}`] ?? 0)]));
}
