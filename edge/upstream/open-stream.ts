import type { OutgoingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { envelopeHeadBytes, wrap, wrapParts } from "../codec/envelope.ts";
import { callerGone, deadlinePassed } from "../errors/refusals.ts";
import type { RawHeaders } from "../http2-client/raw-headers.ts";
import type { ClientStream } from "../http2-client/stream.ts";
import type { Ending } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import { triesMax } from "./call-unary.ts";
import type { Endpoint } from "./endpoint.ts";
import { toldLate } from "./late.ts";
import { type ObservedTry, type ObserveTry, observeTries } from "./observe-tries.ts";
import type { CallPolicy } from "./policy.ts";
import { openReceived, type Received } from "./receive.ts";
import { requestHeaders } from "./request-headers.ts";
import { overloaded, refusals, unreachable } from "./status.ts";
import type { Upstream } from "./upstream.ts";

/** What is kept of the requests of a call, so that they can be sent again, in bytes. */
const keptBytesMax = 256 * 1024;

/** A call with many messages in either direction or both. */
export type StreamCall = {
  /**
   * Sends a message, whose end may come apart: then it is not copied, and must not change. The promise, if there is one,
   * resolves when the upstream took enough.
   */
  send(message: Uint8Array, end?: Uint8Array): Promise<void> | undefined;
  /** No more requests come. */
  end(): void;
  cancel(): void;
};

/** What comes back of a call. */
export type StreamListener = {
  begun(headers: RawHeaders): void;
  /** The next message waits for the promise, if there is one. */
  message(bytes: Buffer): Promise<void> | undefined;
  /** Comes last, once. Without an error the call was well. */
  ended(error: ConnectError | undefined, trailers: RawHeaders): void;
};

/** Begins a call. Until the upstream answers, one that fails and may be repeated is repeated. */
export function openStream(
  upstream: Upstream,
  options: {
    policy: CallPolicy;
    headers: OutgoingHttpHeaders;
    timeoutMs: number | undefined;
    listener: StreamListener;
  },
): StreamCall {
  const { timeoutMs, listener } = options;
  const running: Running = {
    ...options,
    upstream,
    deadlineMs: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
    kept: [],
    keptBytes: 0,
    isEnded: false,
    made: 0,
    observe: observeTries(options.policy.path),
    observed: undefined,
    wasRefused: false,
    isOver: false,
    stream: undefined,
    endpoint: undefined,
    opened: undefined,
    late: undefined,
    next: undefined,
    stopWaiting: undefined,
  };
  if (!upstream.breaker.enter()) {
    running.isOver = true;
    queueMicrotask(() => listener.ended(overloaded(upstream.peer), []));
  } else {
    if (timeoutMs !== undefined) running.late = setTimeout(() => endLate(running), timeoutMs);
    start(running);
  }
  return {
    send(message, end) {
      if (!end) return send(running, wrap(0, message));
      const [head, rest] = wrapParts(0, message, end);
      void send(running, head);
      return send(running, rest);
    },
    end() {
      running.isEnded = true;
      running.stream?.end();
    },
    cancel() {
      if (!running.isOver) finish(running, callerGone(), []);
    },
  };
}

type Running = {
  readonly upstream: Upstream;
  readonly policy: CallPolicy;
  readonly headers: OutgoingHttpHeaders;
  readonly listener: StreamListener;
  readonly deadlineMs: number | undefined;
  /** All requests so far, in their envelopes and perhaps in parts, as long as the call may still be made again. */
  kept: Buffer[] | undefined;
  keptBytes: number;
  isEnded: boolean;
  made: number;
  readonly observe: ObserveTry | undefined;
  /** The try that is under way. */
  observed: ObservedTry | undefined;
  wasRefused: boolean;
  isOver: boolean;
  stream: ClientStream | undefined;
  endpoint: Endpoint | undefined;
  /** What waits for a stream to write to. */
  opened: PromiseWithResolvers<void> | undefined;
  late: NodeJS.Timeout | undefined;
  next: NodeJS.Timeout | undefined;
  stopWaiting: (() => void) | undefined;
};

const leftOf = ({ deadlineMs }: Running): number | undefined =>
  deadlineMs === undefined ? undefined : Math.max(1, deadlineMs - Date.now());

function mayRepeat({ policy, kept, isEnded }: Running): boolean {
  if (!kept) return false;
  const [first] = kept;
  // Only the first of several requests could name the call, and nothing says that it does.
  return policy.mayRepeat(isEnded && kept.length === 1 ? first?.subarray(envelopeHeadBytes) : undefined);
}

function send(running: Running, envelope: Buffer): Promise<void> | undefined {
  if (running.isOver) return undefined;
  const { kept, stream } = running;
  if (kept) {
    kept.push(envelope);
    running.keptBytes += envelope.byteLength;
    if (running.keptBytes > keptBytesMax && stream) running.kept = undefined;
  }
  if (stream) return stream.write(envelope);
  if (running.keptBytes <= keptBytesMax) return undefined;
  running.opened ??= Promise.withResolvers();
  return running.opened.promise;
}

function start(running: Running, before?: Endpoint): void {
  const { pool, peer } = running.upstream;
  const endpoint = pool.pick(before);
  if (endpoint) open(running, endpoint);
  else {
    const patience = { isPatient: mayRepeat(running), timeoutMs: leftOf(running) };
    running.stopWaiting = pool.wait(patience, (found) => {
      if (running.isOver) return;
      if (typeof found === "object") open(running, found);
      else finish(running, refusals[found](peer), []);
    });
  }
}

function open(running: Running, endpoint: Endpoint): void {
  const { policy, upstream, listener } = running;
  const headers = requestHeaders(policy.path, running.headers, leftOf(running), running.made);
  running.observed = running.observe?.(endpoint.address, running.made + 1);
  if (running.observed) Object.assign(headers, running.observed.headers);
  const isMine = () => running.stream === stream && !running.isOver;
  const stream = openReceived(endpoint.session, headers, upstream.peer, {
    begun(headers) {
      if (!isMine()) return;
      running.kept = undefined;
      listener.begun(headers);
    },
    message: (bytes) => (isMine() ? listener.message(bytes) : undefined),
    ended(received) {
      if (isMine()) settle(running, endpoint, received);
    },
  });
  if (!stream) {
    running.observed?.end("refused", unreachable(upstream.peer));
    again(running, endpoint, unreachable(upstream.peer), "refused");
    return;
  }
  running.made += 1;
  running.endpoint = endpoint;
  running.stream = stream;
  endpoint.calls += 1;
  for (const envelope of running.kept ?? []) stream.write(envelope);
  if (running.keptBytes > keptBytesMax) running.kept = undefined;
  if (running.isEnded) stream.end();
  running.opened?.resolve();
  running.opened = undefined;
}

function settle(running: Running, endpoint: Endpoint, { ending, error, trailers }: Received): void {
  const { budget, pool } = running.upstream;
  running.observed?.end(ending, error);
  pool.report(endpoint, ending === "broken");
  if (ending === "answered") budget.succeeded();
  else if (ending === "broken" || running.wasRefused) budget.failed();
  const isSafe = ending === "refused" ? running.kept !== undefined : mayRepeat(running);
  const mayTryAgain = isSafe && running.made < triesMax && budget.allows();
  if (!error || ending === "answered" || !mayTryAgain)
    finish(running, toldLate(error, running.deadlineMs), trailers);
  else again(running, endpoint, error, ending);
}

function again(running: Running, before: Endpoint, error: ConnectError, ending: Ending): void {
  release(running);
  const isFirstRefusal = ending === "refused" && !running.wasRefused;
  running.wasRefused ||= isFirstRefusal;
  const delayMs = isFirstRefusal ? 0 : backoffMs(running.made + 1);
  if (delayMs >= (leftOf(running) ?? Number.POSITIVE_INFINITY)) finish(running, error, []);
  else running.next = setTimeout(() => start(running, before), delayMs);
}

/** Lets go of the stream of a try. */
function release(running: Running): void {
  const { stream, endpoint, observed } = running;
  if (endpoint) endpoint.calls -= 1;
  observed?.end("given up", callerGone());
  running.stream = undefined;
  running.endpoint = undefined;
  // A service may answer before it was sent everything.
  stream?.cancel();
}

function endLate(running: Running): void {
  if (running.endpoint && running.kept) running.upstream.pool.report(running.endpoint, true);
  running.observed?.end("given up", deadlinePassed());
  finish(running, deadlinePassed(), []);
}

function finish(running: Running, error: ConnectError | undefined, trailers: RawHeaders): void {
  if (running.isOver) return;
  running.isOver = true;
  clearTimeout(running.late);
  clearTimeout(running.next);
  running.stopWaiting?.();
  release(running);
  running.opened?.resolve();
  running.upstream.breaker.leave();
  running.listener.ended(error, trailers);
}
