/** Target size of a row group in memory, where it is buffered until it is complete. */
export const rowGroupBytes = 64 * 1024 * 1024;

/** Row limits: about DuckDB's default, and its minimum. A thread writes whole row groups. */
const rowGroupRowsMax = 98_304;
const rowGroupRowsMin = 2048;

/** Number of rows of a row group, for rows of this size. */
export function rowGroupRows(rowBytes: number): number {
  const vectors = Math.floor(rowGroupBytes / Math.max(1, rowBytes) / rowGroupRowsMin);
  return Math.max(rowGroupRowsMin, Math.min(rowGroupRowsMax, vectors * rowGroupRowsMin));
}
