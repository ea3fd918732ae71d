import type { ConnectError } from "@connectrpc/connect";
import { callerCanceled, deadlinePassed } from "../errors/refusals.ts";
import type { CallSteps, FinishedAttempt } from "./call-steps.ts";
import type { Endpoint } from "./connections/endpoint.ts";
import { normalizeDeadline } from "./deadline-error.ts";
import { type ObserveAttempt, type ObservedAttempt, observeAttempts } from "./observe-attempts.ts";
import type { Hedging } from "./policy.ts";
import { requestHeaders } from "./request-headers.ts";
import { isTransparent, retryDelayMs } from "./retry.ts";
import { overloaded, refusals } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** A call that may take several attempts. */
export type AttemptedCall = {
  isFinished(): boolean;
  /** Finishes the call as canceled, unless it is finished. */
  cancel(): void;
};

type Failable = { readonly error: ConnectError | undefined };

/**
 * Makes attempts of a call until one is answered, none may follow, the deadline passes or the call is canceled. What may be
 * retried, and when, is decided by `retry.ts`.
 */
export function startAttempts<Result extends Failable>(
  upstream: Upstream,
  steps: CallSteps<Result>,
): AttemptedCall {
  const { timeoutMs } = steps;
  const call: Call<Result> = {
    upstream,
    steps,
    deadlineMs: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
    observe: observeAttempts(steps.policy.path),
    inFlight: [],
    attempts: 0,
    wasRefused: false,
    isFinished: false,
    deadlineTimer: undefined,
    retryTimer: undefined,
    hedgeTimer: undefined,
    stopWaiting: undefined,
  };
  if (!upstream.callLimit.acquire()) {
    call.isFinished = true;
    queueMicrotask(() => steps.finished(steps.failure(overloaded(upstream.peer))));
  } else {
    if (timeoutMs !== undefined) call.deadlineTimer = setTimeout(() => expire(call), timeoutMs);
    pickEndpoint(call);
  }
  return {
    isFinished: () => call.isFinished,
    cancel() {
      // Checked first: the error is expensive to make, and most calls are finished by then.
      if (!call.isFinished) finish(call, steps.failure(callerCanceled()));
    },
  };
}

type Attempt = {
  readonly endpoint: Endpoint;
  readonly observed: ObservedAttempt | undefined;
  cancel(): void;
};

type Call<Result> = {
  readonly upstream: Upstream;
  readonly steps: CallSteps<Result>;
  readonly deadlineMs: number | undefined;
  readonly observe: ObserveAttempt | undefined;
  inFlight: Attempt[];
  /** Number of attempts so far. */
  attempts: number;
  /** Whether an attempt was refused before. */
  wasRefused: boolean;
  isFinished: boolean;
  deadlineTimer: NodeJS.Timeout | undefined;
  retryTimer: NodeJS.Timeout | undefined;
  hedgeTimer: NodeJS.Timeout | undefined;
  stopWaiting: (() => void) | undefined;
};

const leftMsOf = ({ deadlineMs }: { readonly deadlineMs: number | undefined }): number | undefined =>
  deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - Date.now());

function finish<Result extends Failable>(call: Call<Result>, result: Result): void {
  if (call.isFinished) return;
  call.isFinished = true;
  clearTimeout(call.deadlineTimer);
  clearTimeout(call.retryTimer);
  clearTimeout(call.hedgeTimer);
  call.stopWaiting?.();
  for (const { endpoint, observed, cancel } of call.inFlight) {
    endpoint.calls -= 1;
    cancel();
    observed?.end("given up", callerCanceled());
  }
  call.upstream.callLimit.release();
  call.steps.finished(result);
}

function expire<Result extends Failable>(call: Call<Result>): void {
  const hasResponse = call.steps.retryable() === "never";
  for (const { endpoint, observed } of call.inFlight) {
    if (!hasResponse) call.upstream.pool.report(endpoint, true);
    observed?.end("given up", deadlinePassed());
  }
  finish(call, call.steps.failure(deadlinePassed()));
}

function pickEndpoint<Result extends Failable>(call: Call<Result>, failed?: Endpoint): void {
  const { pool, peer } = call.upstream;
  const endpoint = pool.pick(failed);
  if (endpoint) {
    send(call, endpoint);
    return;
  }
  const patience = { isPatient: call.steps.retryable() === "always", timeoutMs: leftMsOf(call) };
  call.stopWaiting = pool.wait(patience, (found) => {
    if (call.isFinished) return;
    if (typeof found === "object") send(call, found);
    else finish(call, call.steps.failure(refusals[found](peer)));
  });
}

function send<Result extends Failable>(call: Call<Result>, endpoint: Endpoint): void {
  const { steps } = call;
  const headers = requestHeaders(steps.policy.path, steps.headers, leftMsOf(call), call.attempts);
  call.attempts += 1;
  const observed = call.observe?.(endpoint.address, call.attempts);
  if (observed) Object.assign(headers, observed.headers);
  endpoint.calls += 1;
  const cancel = steps.send(endpoint.session, headers, (finished) => {
    if (call.isFinished) return;
    observed?.end(finished.outcome, finished.result.error);
    endpoint.calls -= 1;
    call.inFlight = call.inFlight.filter((one) => one !== attempt);
    settle(call, endpoint, finished);
  });
  const attempt: Attempt = { endpoint, observed, cancel };
  call.inFlight.push(attempt);
  if (steps.hedging) scheduleHedge(call, steps.hedging, endpoint);
}

/** Sends a hedged attempt to another address after the method's delay; the first response counts. */
function scheduleHedge<Result extends Failable>(
  call: Call<Result>,
  hedging: Hedging,
  before: Endpoint,
): void {
  const { pool, retryBudget } = call.upstream;
  if (call.attempts >= hedging.callsMax) return;
  call.hedgeTimer = setTimeout(() => {
    const endpoint = pool.pick(before);
    // Another address may be ready after the next delay.
    if (!endpoint || endpoint === before) scheduleHedge(call, hedging, before);
    else if (retryBudget.allowsRetry()) send(call, endpoint);
  }, hedging.delayMs);
}

function settle<Result extends Failable>(
  call: Call<Result>,
  endpoint: Endpoint,
  { outcome, pushbackMs, result }: FinishedAttempt<Result>,
): void {
  const { retryBudget, pool } = call.upstream;
  pool.report(endpoint, outcome !== "answered");
  if (outcome === "answered") {
    retryBudget.succeeded();
    const { error } = result;
    finish(call, error ? { ...result, error: normalizeDeadline(error, call.deadlineMs) } : result);
    return;
  }
  const isFree = isTransparent(outcome, call.wasRefused);
  if (isFree) call.wasRefused = true;
  else retryBudget.failed();
  // Another attempt of a hedged call may still succeed.
  if (call.inFlight.length > 0) return;
  const delayMs = retryDelayMs({
    outcome,
    attempt: call.attempts,
    isTransparent: isFree,
    retryable: call.steps.retryable(),
    hasBudget: retryBudget.allowsRetry(),
    pushbackMs,
    leftMs: leftMsOf(call),
  });
  clearTimeout(call.hedgeTimer);
  if (delayMs === undefined) finish(call, result);
  else call.retryTimer = setTimeout(() => pickEndpoint(call, endpoint), delayMs);
}
