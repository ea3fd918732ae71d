const tokensMax = 100;
const tokensPerSuccess = 0.1;

/**
 * Limits how many calls to an upstream are retried, as gRPC's retryThrottling: a failed attempt costs a token, a successful
 * one earns a tenth of one, and nothing is retried while half of the tokens or fewer are left.
 */
export type RetryBudget = {
  succeeded(): void;
  failed(): void;
  allowsRetry(): boolean;
};

export function createRetryBudget(): RetryBudget {
  let tokens = tokensMax;
  return {
    succeeded() {
      if (tokens < tokensMax) tokens = Math.min(tokensMax, tokens + tokensPerSuccess);
    },
    failed() {
      tokens = Math.max(0, tokens - 1);
    },
    allowsRetry: () => tokens > tokensMax / 2,
  };
}
