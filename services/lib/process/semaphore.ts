/** Runs work as soon as a permit is free, and releases the permit when the work has ended. */
export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

/** A semaphore of `permitsMax` permits. Waiting work gets them in the order of its calls. */
export function createSemaphore(permitsMax: number): Semaphore {
  let permits = permitsMax;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (permits > 0) permits -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else permits += 1;
    }
  };
}
