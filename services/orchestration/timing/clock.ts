/** Monotonic time in milliseconds, and timers on it. */
export type Clock = {
  now(): number;
  /** Runs `work` after a delay; the answer cancels it. */
  after(delayMs: number, work: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
};
