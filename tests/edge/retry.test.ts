import { describe, expect, test } from "vitest";
import { type FailedAttempt, isTransparent, parsePushback, retryDelayMs } from "../../edge/upstream/retry.ts";
import { createRetryBudget } from "../../edge/upstream/retry-budget.ts";

/** A first attempt whose connection broke, of a call that may always be retried. */
const broken: FailedAttempt = {
  outcome: "broken",
  attempt: 1,
  isTransparent: false,
  retryable: "always",
  hasBudget: true,
  pushbackMs: undefined,
  leftMs: undefined,
};
const refused: FailedAttempt = { ...broken, outcome: "refused", isTransparent: true };

describe("the delay before the next attempt", () => {
  const cases: readonly [title: string, failed: FailedAttempt, delayMs: number | undefined][] = [
    ["a broken attempt of a safe call", broken, 50],
    ["the second one", { ...broken, attempt: 2 }, 100],
    ["the third one", { ...broken, attempt: 3 }, 200],
    ["the last one", { ...broken, attempt: 4 }, undefined],
    ["a broken attempt that may have had an effect", { ...broken, retryable: "unprocessed" }, undefined],
    ["a broken attempt whose response began", { ...broken, retryable: "never" }, undefined],
    ["a first refusal", { ...refused, retryable: "unprocessed" }, 0],
    ["a first refusal of a safe call", refused, 0],
    ["a second refusal", { ...refused, isTransparent: false, attempt: 2, retryable: "unprocessed" }, 100],
    ["a refusal whose requests are not kept", { ...refused, retryable: "never" }, undefined],
    ["a refusal at the limit of attempts", { ...refused, attempt: 4 }, undefined],
    ["a failure without budget", { ...broken, hasBudget: false }, undefined],
    ["a first refusal without budget", { ...refused, hasBudget: false }, undefined],
    ["a delay that ends before the deadline", { ...broken, leftMs: 51 }, 50],
    ["a delay that ends at the deadline", { ...broken, leftMs: 50 }, undefined],
    ["a pushback", { ...broken, pushbackMs: 700 }, 700],
    ["a pushback of 0", { ...broken, attempt: 3, pushbackMs: 0 }, 0],
    ["a pushback beyond the deadline", { ...broken, pushbackMs: 700, leftMs: 700 }, undefined],
    ["a pushback that forbids retries", { ...broken, pushbackMs: -1 }, undefined],
    [
      "a pushback of a call that is not safe",
      { ...broken, retryable: "unprocessed", pushbackMs: 5 },
      undefined,
    ],
  ];
  for (const [title, failed, delayMs] of cases) {
    test(`${delayMs === undefined ? "none" : `${delayMs} ms`}: after ${title}`, () => {
      expect(retryDelayMs(failed, 1)).toBe(delayMs);
    });
  }

  test("half to all of the backoff, by chance", () => {
    expect(retryDelayMs(broken, 0)).toBe(25);
    expect(retryDelayMs(broken, 0.5)).toBe(37.5);
  });
});

test("transparent: a first refusal, and nothing else", () => {
  expect(isTransparent("refused", false)).toBe(true);
  expect(isTransparent("refused", true)).toBe(false);
  expect(isTransparent("broken", false)).toBe(false);
  expect(isTransparent("answered", false)).toBe(false);
});

test("a pushback: digits are milliseconds, anything else forbids retries", () => {
  const values = [undefined, "0", "1500", "60000", "60001", "-1", "", "1.5", "soon", "99999999999"];
  expect(values.map(parsePushback)).toEqual([undefined, 0, 1500, 60_000, -1, -1, -1, -1, -1, -1]);
});

test("the retry budget: half of its tokens are for retries, and ten successes earn one", () => {
  const budget = createRetryBudget();
  let failures = 0;
  for (; budget.allowsRetry(); failures += 1) budget.failed();
  expect(failures).toBe(50);
  let successes = 0;
  for (; !budget.allowsRetry(); successes += 1) budget.succeeded();
  expect(successes).toBeLessThanOrEqual(10);
  for (let more = 0; more < 1_000; more += 1) budget.failed();
  for (let more = 0; more < 400; more += 1) budget.succeeded();
  expect(budget.allowsRetry()).toBe(false);
});
