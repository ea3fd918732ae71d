import type { World } from "./world.ts";

/** Measures once for all rows that are made of it. */
export function onceAWorld<Result>(
  measure: (world: World) => Promise<Result>,
): (world: World) => Promise<Result> {
  const made = new WeakMap<World, Promise<Result>>();
  return (world) => {
    const known = made.get(world) ?? measure(world);
    made.set(world, known);
    return known;
  };
}
