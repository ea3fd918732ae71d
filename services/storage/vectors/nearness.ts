import { compareCodePoints } from "./compare-code-points.ts";

export type Metric = "cosine" | "l2" | "dot";

/** A vector that was found. A larger `nearness` is nearer: cosine, inner product, or the negated square of the distance. */
export type Near = { readonly vectorId: string; readonly nearness: number };

/** Order of results: nearest first, equally near ones by id. */
export const compareNear = (left: Near, right: Near): number =>
  right.nearness - left.nearness || compareCodePoints(left.vectorId, right.vectorId);

/** The score of a response. */
export const scoreOf = (metric: Metric, nearness: number): number =>
  metric === "l2" ? Math.sqrt(Math.max(0, -nearness)) : nearness;

/** The vector with the length 1, computed in doubles: squares of float32 can overflow or vanish in float32. */
export function normalized(values: Float32Array): Float32Array {
  let squares = 0;
  for (const value of values) squares += value * value;
  const length = Math.sqrt(squares);
  return values.map((value) => value / length);
}

/** Nearness of two vectors in doubles; for cosine, of normalized ones. */
export function nearnessOf(metric: Metric, left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) {
    const [one = 0, other = 0] = [left[at], right[at]];
    sum += metric === "l2" ? -((one - other) ** 2) : one * other;
  }
  return metric === "cosine" ? Math.min(1, Math.max(-1, sum)) : sum;
}
