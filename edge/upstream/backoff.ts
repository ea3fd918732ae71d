const firstMs = 50;
const longestMs = 1_000;

/** How long to wait after so many failures in a row: longer each time, and never the same for two who wait, in milliseconds. */
export function backoffMs(failures: number): number {
  const upToMs = Math.min(longestMs, firstMs * 2 ** (failures - 1));
  return upToMs * (0.5 + Math.random() / 2);
}
