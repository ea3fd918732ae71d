import type { World } from "./world.ts";

/** Measures once per world. Several rows can share the result. */
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
