import type { Comparison, Figure } from "./compare.ts";
import type { World } from "./world.ts";

/** A line of the benchmark's table. */
export type Row = {
  /** What of Sluice is measured. */
  readonly name: string;
  /** What it is compared with; undefined where the row is a figure of Sluice alone. */
  readonly against?: string;
  /** The smallest ratio that we want, or a bound of a figure; undefined where the row only informs. */
  readonly target: Target | undefined;
  /** Why the row can't be measured on this machine; undefined where it can. */
  missing?(): string | undefined;
  /** Several rows may share one measurement: it is made when the first of them is asked for. */
  measure(world: World): Promise<Comparison | Figure>;
};

export type Target = number | { readonly atLeast: number } | { readonly atMost: number };

/** The name by which `--only` finds the row. */
export const titleOf = ({ name, against }: Pick<Row, "name" | "against">): string =>
  against === undefined ? name : `${name}, against ${against}`;

export function isMet(value: number, target: Target): boolean {
  if (typeof target === "number") return value >= target;
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}
