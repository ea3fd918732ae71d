/** Direct imports: from a name to the names it imports. */
export type Arrows = ReadonlyMap<string, ReadonlySet<string>>;

/** Groups imports by `nameOf` of both ends. Imports within one name are left out. */
export function arrowsBetween(
  ends: readonly { readonly from: string; readonly to: string }[],
  nameOf: (end: string) => string | undefined = (end) => end,
): Arrows {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to } of ends) {
    const [source, target] = [nameOf(from), nameOf(to)];
    if (source === undefined || target === undefined) continue;
    for (const name of [source, target]) if (!arrows.has(name)) arrows.set(name, new Set());
    if (source !== target) arrows.get(source)?.add(target);
  }
  return arrows;
}

/** Strongly connected components of more than one name (Tarjan's algorithm). */
export function findCircles(arrows: Arrows): string[][] {
  const circles: string[][] = [];
  const numbers = new Map<string, number>();
  const open: string[] = [];
  /** Returns the lowest index on the stack that `name` reaches. */
  function visit(name: string): number {
    const number = numbers.size;
    numbers.set(name, number);
    open.push(name);
    let lowest = number;
    for (const next of arrows.get(name) ?? []) {
      const known = numbers.get(next);
      if (known === undefined) lowest = Math.min(lowest, visit(next));
      else if (open.includes(next)) lowest = Math.min(lowest, known);
    }
    if (lowest === number) {
      const group = open.splice(open.indexOf(name));
      if (group.length > 1) circles.push(group.sort());
    }
    return lowest;
  }
  for (const name of arrows.keys()) if (!numbers.has(name)) visit(name);
  return circles;
}
