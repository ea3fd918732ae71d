import type { Comparison, Figure } from "./compare.ts";
import type { World } from "./world.ts";

/** A row of the benchmark's table. */
export type Row = {
  /** The measured part of Sluice. */
  readonly name: string;
  /** The other side; undefined if the row has no comparison. */
  readonly against?: string;
  /** The wanted minimum of the ratio, or a bound of the figure; undefined if the row is informative only. */
  readonly target: Target | undefined;
  /** Why the row cannot be measured on this machine; undefined if it can. */
  missing?(): string | undefined;
  /** Several rows may share one measurement, which the first of them runs. */
  measure(world: World): Promise<Comparison | Figure>;
};

export type Target = number | { readonly atLeast: number } | { readonly atMost: number };

/** The name that `--only` matches. */
export const titleOf = ({ name, against }: Pick<Row, "name" | "against">): string =>
  against === undefined ? name : `${name}, against ${against}`;

export function isMet(value: number, target: Target): boolean {
  if (typeof target === "number") return value >= target;
  return "atLeast" in target ? value >= target.atLeast : value <= target.atMost;
}
