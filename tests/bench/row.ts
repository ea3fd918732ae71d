import type { Comparison } from "./compare.ts";
import type { World } from "./world.ts";

/** A line of the benchmark's table. */
export type Row = {
  /** What of Sluice is measured. */
  readonly name: string;
  /** What it is compared with. */
  readonly against: string;
  /** The ratio that we want at least; undefined where the row only informs. */
  readonly target: number | undefined;
  /** Why the row can't be measured on this machine; undefined where it can. */
  missing?(): string | undefined;
  measure(world: World): Promise<Comparison>;
};
