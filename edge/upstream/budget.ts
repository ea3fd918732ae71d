// As gRPC's retryThrottling: a failure takes a token, a success gives a part of one back, and nothing is repeated while
// fewer than half are left. An upstream that fails all the time gets no more calls for that.
const tokensMax = 100;
const tokensBack = 0.1;

/** Bounds how many calls to an upstream are made once more. */
export type Budget = {
  succeeded(): void;
  failed(): void;
  allows(): boolean;
};

export function createBudget(): Budget {
  let tokens = tokensMax;
  return {
    succeeded() {
      if (tokens < tokensMax) tokens = Math.min(tokensMax, tokens + tokensBack);
    },
    failed() {
      tokens = Math.max(0, tokens - 1);
    },
    allows: () => tokens > tokensMax / 2,
  };
}
