/** Finds two names that DuckDB treats as one because they differ in case only. */
export function findCaseCollision(names: readonly string[]): [string, string] | undefined {
  const known = new Map<string, string>();
  for (const name of names) {
    const other = known.get(name.toLowerCase());
    if (other !== undefined) return [other, name];
    known.set(name.toLowerCase(), name);
  }
  return undefined;
}
