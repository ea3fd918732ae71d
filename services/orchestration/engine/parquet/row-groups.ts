/** What a row group should take in memory: a column's values stay there until their row group is whole. */
export const rowGroupBytes = 64 * 1024 * 1024;

/** Rows of a row group: about DuckDB's own number, and the smallest one that it takes. A thread writes whole groups. */
const rowGroupRowsMax = 98_304;
const rowGroupRowsMin = 2048;

/** How many rows of so many bytes a row group has. */
export function rowGroupRows(rowBytes: number): number {
  const vectors = Math.floor(rowGroupBytes / Math.max(1, rowBytes) / rowGroupRowsMin);
  return Math.max(rowGroupRowsMin, Math.min(rowGroupRowsMax, vectors * rowGroupRowsMin));
}
