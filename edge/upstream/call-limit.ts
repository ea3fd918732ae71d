/** Limits the concurrent calls to one upstream, those that wait for a connection included. */
export type CallLimit = {
  /** Returns false if the limit is reached. Each call that acquired has to release. */
  acquire(): boolean;
  release(): void;
  inFlight(): number;
};

export function createCallLimit(callsMax: number): CallLimit {
  let calls = 0;
  return {
    acquire() {
      if (calls >= callsMax) return false;
      calls += 1;
      return true;
    },
    release() {
      calls -= 1;
    },
    inFlight: () => calls,
  };
}
