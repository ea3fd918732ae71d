import type { LimitRequest, LimitState } from "./limit.ts";

/** Outcome of the requests of one call, which are granted all or none. */
export type Acquisition = {
  /** One for each request, in their order. */
  readonly states: readonly LimitState[];
  /** Releases the permits; only the first call has an effect. Undefined if the requests were refused. */
  readonly release: (() => void) | undefined;
};

export type Limiter = AsyncDisposable & {
  /** Acquires all tokens and permits, or none. Never rejects. */
  acquire(requests: readonly LimitRequest[]): Acquisition | Promise<Acquisition>;
  /** Spends tokens unconditionally; the bucket can go into debt. */
  charge(request: LimitRequest): void;
};

/** `releaseOne` is called once for each permit. */
export function toAcquisition(
  requests: readonly LimitRequest[],
  states: readonly LimitState[],
  areGranted: boolean,
  releaseOne: (key: string) => void,
): Acquisition {
  if (!areGranted) return { states, release: undefined };
  let isReleased = false;
  return {
    states,
    release() {
      if (isReleased) return;
      isReleased = true;
      for (const { key } of requests) releaseOne(key);
    },
  };
}
