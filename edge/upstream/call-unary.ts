import type { OutgoingHttpHeaders } from "node:http2";
import { wrap } from "../codec/envelope.ts";
import { callerGone, deadlinePassed } from "../errors/refusals.ts";
import { type Ending, tryUnary } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import type { Endpoint } from "./endpoint.ts";
import { toldLate } from "./late.ts";
import { type ObservedTry, type ObserveTry, observeTries } from "./observe-tries.ts";
import type { CallPolicy } from "./policy.ts";
import { requestHeaders } from "./request-headers.ts";
import { failed, type OneAnswer, overloaded, refusals } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** How often a call is made at the most. */
export const triesMax = 4;

export type UnaryCall = {
  readonly policy: CallPolicy;
  readonly headers: OutgoingHttpHeaders;
  readonly timeoutMs: number | undefined;
  readonly message: Uint8Array;
  /** Runs its argument when the caller has gone. */
  onClosed?(work: () => void): void;
};

/**
 * Calls a method with one request and one answer, both encoded. What fails and may be repeated is repeated. Does not
 * reject: what goes wrong is in the answer.
 */
export function callUnary(upstream: Upstream, call: UnaryCall): Promise<OneAnswer> {
  const { peer, breaker } = upstream;
  const { timeoutMs, onClosed } = call;
  if (!breaker.enter()) return Promise.resolve(failed(overloaded(peer)));
  return new Promise((resolve) => {
    const running: Running = {
      upstream,
      call,
      message: wrap(0, call.message),
      deadlineMs: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
      tries: [],
      made: 0,
      observe: observeTries(call.policy.path),
      wasRefused: false,
      isOver: false,
      late: undefined,
      next: undefined,
      hedge: undefined,
      stopWaiting: undefined,
      resolve,
    };
    if (timeoutMs !== undefined) running.late = setTimeout(() => endLate(running), timeoutMs);
    onClosed?.(() => {
      // Comes for every call. An error that nobody reads would cost more than all of this.
      if (!running.isOver) finish(running, failed(callerGone()));
    });
    start(running);
  });
}

/** A call that is not over yet. */
type Running = {
  readonly upstream: Upstream;
  readonly call: UnaryCall;
  /** With its envelope. */
  readonly message: Buffer;
  readonly deadlineMs: number | undefined;
  /** Those that have no answer yet. */
  tries: Try[];
  made: number;
  readonly observe: ObserveTry | undefined;
  wasRefused: boolean;
  isOver: boolean;
  late: NodeJS.Timeout | undefined;
  next: NodeJS.Timeout | undefined;
  hedge: NodeJS.Timeout | undefined;
  stopWaiting: (() => void) | undefined;
  resolve(answer: OneAnswer): void;
};

type Try = { readonly endpoint: Endpoint; readonly observed: ObservedTry | undefined; cancel(): void };

const leftOf = ({ deadlineMs }: Running): number | undefined =>
  deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - Date.now());

const mayRepeat = ({ call }: Running): boolean => call.policy.mayRepeat(call.message);

function finish(running: Running, answer: OneAnswer): void {
  if (running.isOver) return;
  running.isOver = true;
  clearTimeout(running.late);
  clearTimeout(running.next);
  clearTimeout(running.hedge);
  running.stopWaiting?.();
  for (const { endpoint, observed, cancel } of running.tries) {
    endpoint.calls -= 1;
    cancel();
    observed?.end("given up", callerGone());
  }
  running.upstream.breaker.leave();
  running.resolve(answer);
}

function endLate(running: Running): void {
  for (const { endpoint, observed } of running.tries) {
    running.upstream.pool.report(endpoint, true);
    observed?.end("given up", deadlinePassed());
  }
  finish(running, failed(deadlinePassed()));
}

function start(running: Running, before?: Endpoint): void {
  const { pool, peer } = running.upstream;
  const endpoint = pool.pick(before);
  if (endpoint) send(running, endpoint);
  else {
    const patience = { isPatient: mayRepeat(running), timeoutMs: leftOf(running) };
    running.stopWaiting = pool.wait(patience, (found) => {
      if (running.isOver) return;
      if (typeof found === "object") send(running, found);
      else finish(running, failed(refusals[found](peer)));
    });
  }
}

function send(running: Running, endpoint: Endpoint): void {
  const { call, message, upstream, tries } = running;
  const { path } = call.policy;
  const headers = requestHeaders(path, call.headers, leftOf(running), running.made);
  running.made += 1;
  const observed = running.observe?.(endpoint.address, running.made);
  if (observed) Object.assign(headers, observed.headers);
  endpoint.calls += 1;
  const cancel = tryUnary(endpoint.session, { headers, message, peer: upstream.peer }, (ending, answer) => {
    if (running.isOver) return;
    observed?.end(ending, answer.error);
    endpoint.calls -= 1;
    running.tries = running.tries.filter((one) => one !== made);
    settle(running, endpoint, ending, answer);
  });
  const made: Try = { endpoint, observed, cancel };
  tries.push(made);
  awaitHedge(running, endpoint);
}

/** Asks another address where the first takes longer than the contract has patience for; the first answer counts. */
function awaitHedge(running: Running, asked: Endpoint): void {
  const { call, upstream } = running;
  const { hedging } = call.policy;
  if (!hedging || running.made >= hedging.callsMax) return;
  running.hedge = setTimeout(() => {
    const endpoint = upstream.pool.pick(asked);
    // Another one may be there a moment later.
    if (!endpoint || endpoint === asked) awaitHedge(running, asked);
    else if (upstream.budget.allows()) send(running, endpoint);
  }, hedging.delayMs);
}

function settle(running: Running, endpoint: Endpoint, ending: Ending, answer: OneAnswer): void {
  const { budget, pool } = running.upstream;
  pool.report(endpoint, ending !== "answered");
  if (ending === "answered") {
    budget.succeeded();
    finish(running, answer.error ? { ...answer, error: toldLate(answer.error, running.deadlineMs) } : answer);
    return;
  }
  // A server that goes away refuses once, and is not to blame.
  const isFirstRefusal = ending === "refused" && !running.wasRefused;
  if (isFirstRefusal) running.wasRefused = true;
  else budget.failed();
  // Of a hedged call another try may still do better.
  if (running.tries.length > 0) return;
  const isSafe = ending === "refused" || mayRepeat(running);
  if (!isSafe || running.made >= triesMax || !budget.allows()) finish(running, answer);
  else again(running, endpoint, isFirstRefusal ? 0 : backoffMs(running.made), answer);
}

function again(running: Running, before: Endpoint, delayMs: number, answer: OneAnswer): void {
  clearTimeout(running.hedge);
  if (delayMs >= (leftOf(running) ?? Number.POSITIVE_INFINITY)) finish(running, answer);
  else running.next = setTimeout(() => start(running, before), delayMs);
}
