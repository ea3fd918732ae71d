const firstMs = 50;
const longestMs = 1_000;

/**
 * Delay before the next attempt, in milliseconds: doubles with each failure in a row, and is random between half of that
 * and all of it. `random` is from 0 to 1.
 */
export function backoffMs(failures: number, random: number = Math.random()): number {
  const upToMs = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return upToMs * (0.5 + random / 2);
}
