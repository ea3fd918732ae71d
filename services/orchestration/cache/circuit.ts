/** Keeps calls from a peer that has failed several times in a row. */
export type Circuit = {
  /** Whether to call. While it is open, one call tries after each pause. */
  allows(): boolean;
  succeeded(): void;
  /** Returns whether this failure has opened it. */
  failed(): boolean;
};

type CircuitOptions = {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  readonly pauseMs: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
};

export function createCircuit({
  failuresMax,
  pauseMs,
  now = () => performance.now(),
}: CircuitOptions): Circuit {
  let failures = 0;
  let nextMs = 0;
  return {
    allows() {
      if (failures < failuresMax) return true;
      if (now() < nextMs) return false;
      nextMs = now() + pauseMs;
      return true;
    },
    succeeded() {
      failures = 0;
    },
    failed() {
      failures += 1;
      nextMs = now() + pauseMs;
      return failures === failuresMax;
    },
  };
}
