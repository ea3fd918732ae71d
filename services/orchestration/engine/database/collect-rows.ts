import type { DuckDBResult } from "@duckdb/node-api";
import { createBoundedRows } from "../../results/bounded-rows.ts";
import { encoderOf } from "./encode-value.ts";

/** Encodes the first rows of a result as the contract defines, up to the size of one response. */
export async function collectRows(result: DuckDBResult, maxRows: number) {
  const encoders = result.columnTypes().map(encoderOf);
  const kept = createBoundedRows(maxRows);
  for await (const chunk of result) {
    for (const row of chunk.getRows()) {
      const full = !kept.push(row.map((value, index) => encoders[index]?.(value) ?? null));
      if (full) return { rows: kept.rows, truncated: true };
    }
  }
  return { rows: kept.rows, truncated: false };
}
