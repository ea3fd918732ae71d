/** Bounds how many calls an upstream has under way at a time, whatever keeps them. */
export type Breaker = {
  /** Whether there is room for one more; who enters has to leave. */
  enter(): boolean;
  leave(): void;
  /** How many there are now. */
  calls(): number;
};

export function createBreaker(callsMax: number): Breaker {
  let calls = 0;
  return {
    enter() {
      if (calls >= callsMax) return false;
      calls += 1;
      return true;
    },
    leave() {
      calls -= 1;
    },
    calls: () => calls,
  };
}
