/** A value that is loaded when it is needed, and kept. */
export type CachedLoad<Value> = {
  /** The value, loaded if there is none that is new enough. Concurrent calls share one load. */
  get(): Promise<Value>;
  /** A value that is loaded again, unless the last load was within the cooldown. */
  reload(): Promise<Value>;
};

type Times = {
  /** Age from which the value is loaded again in the background. */
  readonly freshMs: number;
  /** Age up to which the value is used although it can't be loaded. */
  readonly staleMs: number;
  /** Shortest time between two loads that a failure or `reload` causes. */
  readonly cooldownMs: number;
};

export function createCachedLoad<Value>(
  load: () => Promise<Value>,
  { freshMs, staleMs, cooldownMs }: Times,
  now: () => number = Date.now,
): CachedLoad<Value> {
  let kept: { readonly value: Value; readonly loadedAtMs: number } | undefined;
  let failed: { readonly error: unknown } | undefined;
  let endedAtMs = Number.NEGATIVE_INFINITY;
  let running: Promise<Value> | undefined;
  const loadNow = async (): Promise<Value> => {
    try {
      const value = await load();
      kept = { value, loadedAtMs: now() };
      failed = undefined;
      return value;
    } catch (error) {
      failed = { error };
      throw error;
    } finally {
      endedAtMs = now();
      running = undefined;
    }
  };
  const start = (): Promise<Value> => {
    running ??= loadNow();
    return running;
  };
  const coolsDown = (): boolean => now() - endedAtMs < cooldownMs;
  return {
    async get() {
      const ageMs = kept ? now() - kept.loadedAtMs : Number.POSITIVE_INFINITY;
      if (kept && ageMs < freshMs) return kept.value;
      if (kept && ageMs < staleMs) {
        if (!(failed && coolsDown())) start().catch(() => {});
        return kept.value;
      }
      if (failed && coolsDown()) throw failed.error;
      return start();
    },
    async reload() {
      if (running || !coolsDown()) return start();
      if (failed || !kept) throw failed?.error;
      return kept.value;
    },
  };
}
