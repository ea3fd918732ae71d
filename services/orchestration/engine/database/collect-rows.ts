import type { DuckDBResult } from "@duckdb/node-api";
import { createBoundedRows } from "../../results/bounded-rows.ts";
import { spellerOf } from "./encode-value.ts";

/** The first rows of a result, spelled as the contract says, as many as one answer has. */
export async function collectRows(result: DuckDBResult, maxRows: number) {
  const spellers = result.columnTypes().map(spellerOf);
  const kept = createBoundedRows(maxRows);
  for await (const chunk of result) {
    for (const row of chunk.getRows()) {
      const full = !kept.push(row.map((value, index) => spellers[index]?.(value) ?? null));
      if (full) return { rows: kept.rows, truncated: true };
    }
  }
  return { rows: kept.rows, truncated: false };
}
