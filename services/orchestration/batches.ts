/** Rows of one statement: each takes several of its 65,535 parameters. */
const batchRows = 1000;

/** The items in pieces of a size that one statement takes. */
export function batchesOf<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / batchRows);
  return Array.from({ length: count }, (_, index) => items.slice(index * batchRows, (index + 1) * batchRows));
}
