/** Rows per statement. PostgreSQL allows 65,535 parameters, and a row takes several. */
const batchRows = 1000;

/** Splits items into batches that fit one statement. */
export function batchesOf<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / batchRows);
  return Array.from({ length: count }, (_, index) => items.slice(index * batchRows, (index + 1) * batchRows));
}
