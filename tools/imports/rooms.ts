import { type Arrows, arrowsBetween } from "./find-circles.ts";
import type { Import } from "./read-imports.ts";

/** The folders of importing files that match one of the patterns, sorted. */
export function matchingFolders(imports: readonly Import[], patterns: readonly string[]): string[] {
  const folders = imports.flatMap(({ from }) =>
    patterns.flatMap((pattern) => new RegExp(`^(${pattern.replace("*", "[^/]+")})/`).exec(from)?.[1] ?? []),
  );
  return [...new Set(folders)].sort();
}

/** Imports between the rooms of a folder. A file outside of rooms counts as a room. */
export function roomArrows(imports: readonly Import[], folder: string): Arrows {
  const roomOf = (file: string): string | undefined => {
    if (!file.startsWith(`${folder}/`)) return undefined;
    const [first = "", ...rest] = file.slice(folder.length + 1).split("/");
    return rest.length > 0 ? `${first}/` : first;
  };
  return arrowsBetween(imports, roomOf);
}

/** Draws rooms as text: each line lists rooms that import only rooms of lower lines. */
export function drawRooms(arrows: Arrows): string {
  const lines: string[][] = [];
  const placed = new Set<string>();
  while (placed.size < arrows.size) {
    const ready = [...arrows.keys()].filter(
      (room) => !placed.has(room) && [...(arrows.get(room) ?? [])].every((target) => placed.has(target)),
    );
    if (ready.length === 0) throw new Error("the rooms import each other in a circle");
    lines.unshift(ready.sort());
    for (const room of ready) placed.add(room);
  }
  const drawn = lines.map((rooms) => rooms.join("   "));
  const listed = [...arrows]
    .sort()
    .map(([room, targets]) => `${room} -> ${[...targets].sort().join(" ") || "nothing"}`);
  return [...drawn, "", ...listed].join("\n");
}
