/** Work that has to finish before the process closes its connections. */
export type PendingWork = AsyncDisposable & {
  /** Returns the result of `work`. Disposing waits until it has settled. */
  track<T>(work: () => Promise<T>): Promise<T>;
};

export function createPendingWork(): PendingWork {
  const pending = new Set<Promise<unknown>>();
  return {
    track(work) {
      const running = work();
      pending.add(running);
      const remove = () => void pending.delete(running);
      running.then(remove, remove);
      return running;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(pending);
    },
  };
}
