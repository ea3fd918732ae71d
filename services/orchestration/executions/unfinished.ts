/** Work that has to be finished before the process's connections close. */
export type Unfinished = AsyncDisposable & {
  /** Answers what `work` does; disposing waits for it. */
  track<T>(work: () => Promise<T>): Promise<T>;
};

export function createUnfinished(): Unfinished {
  const unfinished = new Set<Promise<unknown>>();
  return {
    track(work) {
      const running = work();
      unfinished.add(running);
      const forget = () => void unfinished.delete(running);
      running.then(forget, forget);
      return running;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(unfinished);
    },
  };
}
