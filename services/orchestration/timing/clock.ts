/** Monotonic clock in milliseconds, with timers. Tests replace it. */
export type Clock = {
  now(): number;
  /** Runs `work` after a delay. The returned function cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};
