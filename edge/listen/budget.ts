/** What may happen only so often; answers whether it still may. */
export type Budget = (units?: number) => boolean;

/** Takes `burst` at once, and gets `perSecond` back as time goes by. */
export function createBudget(
  burst: number,
  perSecond: number,
  now: () => number = performance.now.bind(performance),
): Budget {
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
