/** Takes units of a token bucket; false if it had too few. */
export type FrameBudget = (units?: number) => boolean;

/** A token bucket of `burst` units that refills by `perSecond`. */
export function createFrameBudget(
  burst: number,
  perSecond: number,
  now: () => number = performance.now.bind(performance),
): FrameBudget {
  let left = burst;
  let atMs = now();
  return (units = 1) => {
    const nowMs = now();
    left = Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond);
    atMs = nowMs;
    left -= units;
    return left >= 0;
  };
}
