/**
 * Makes names unique without regard to case, as DuckDB compares columns. The second `id` or `ID` becomes `ID_1`.
 */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  const reserved = new Set(names.map((name) => name.toLowerCase()));
  return names.map((name) => {
    let unique = name;
    for (let count = 1; taken.has(unique.toLowerCase()); count += 1) {
      const candidate = `${name}_${count}`;
      if (!reserved.has(candidate.toLowerCase())) unique = candidate;
    }
    taken.add(unique.toLowerCase());
    return unique;
  });
}
